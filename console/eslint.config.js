import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import typescript from "typescript-eslint";

export default defineConfig([
  globalIgnores(["dist", "src/api/schema.d.ts"]),
  js.configs.recommended,
  {
    files: ["src/**/*.{ts,tsx}"],
    extends: [
      typescript.configs.strictTypeChecked,
      typescript.configs.stylisticTypeChecked,
      hooks.configs.flat["recommended-latest"],
      a11y.flatConfigs.strict,
    ],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "max-lines": ["error", 400],
      // Template strings may contain numbers.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Destructuring names the properties that it omits.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      // The design system's own table says that it is empty even if the API hasn't responded.
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          paths: [
            {
              name: "@cloudscape-design/components/table",
              message: "Use DataTable of ui/DataTable: it says that it is empty only if the API's last response says so.",
              allowTypeImports: true,
            },
          ],
        },
      ],
      // An arrow function that only forwards a click needs no braces.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ["src/ui/DataTable.tsx"],
    rules: { "@typescript-eslint/no-restricted-imports": "off" },
  },
  {
    files: ["*.js"],
    languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly" } },
  },
]);
