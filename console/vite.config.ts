import { mkdirSync, writeFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// `npm run dev` uses the stack that runs on this machine. REELMILL_PORT is the port of its console.
const stack = `http://127.0.0.1:${process.env["REELMILL_PORT"] ?? "8080"}`;
const FONTS = `${import.meta.dirname}/node_modules/.cache/fonts`;
const FACE = /@font-face\s*{[^}]*font-weight:\s*(\d+);\s*font-style:\s*(\w+);[^}]*?url\(["']?data:font\/woff2;base64,([^"')]+)["']?\)[^}]*}/g;

/** Moves the eight fonts out of the design system's style sheet into files: a browser loads only the two that it needs. */
const fontsAsFiles: Plugin = {
  name: "fonts-as-files",
  enforce: "pre",
  transform(code, id) {
    if (!id.endsWith("global-styles/index.css")) return null;
    mkdirSync(FONTS, { recursive: true });
    return code.replace(FACE, (_, weight: string, style: string, woff2: string) => {
      const file = `${FONTS}/open-sans-${weight}-${style}.woff2`;
      writeFileSync(file, Buffer.from(woff2, "base64"));
      // Show text at once, and in Open Sans when it has loaded.
      return `@font-face{font-family:"Open Sans";font-weight:${weight};font-style:${style};font-display:swap;src:url(${file})}`;
    });
  },
};

// Large components of the design system that the console doesn't use.
const UNUSED = ["code-editor", "date-range-picker", "s3-resource-selector", "tag-editor", "tutorial-panel"];
const MESSAGES = /i18n\/messages\/all\.en\.js$/;

/** Removes the messages of unused components from the design system's single file of English messages. */
const messagesInUse: Plugin = {
  name: "messages-in-use",
  enforce: "pre",
  transform(code, id) {
    const unused = UNUSED.find((part) => id.endsWith(`/components/${part}/index.js`));
    if (unused) this.error(`the messages of ${unused} are removed; to use the component, delete it from UNUSED in vite.config.ts`);
    if (!MESSAGES.test(id)) return null;
    const all = JSON.parse(code.slice(code.indexOf("{"), code.lastIndexOf("}") + 1)) as Record<string, { en: Record<string, unknown> }>;
    for (const { en } of Object.values(all)) for (const part of UNUSED) delete en[part];
    return `export default ${JSON.stringify(all)}`;
  },
};

export default defineConfig({
  plugins: [fontsAsFiles, messagesInUse, react()],
  build: {
    target: "es2023",
    manifest: true,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      // Modules nearly every page uses form one chunk: as many small ones, the first load is 2% larger.
      output: { codeSplitting: { groups: [{ name: "base", test: /node_modules/, minShareCount: 8 }] } },
      // Strings are plain objects, so a page needs to load only the ones that it shows.
      treeshake: { moduleSideEffects: [{ test: /\/src\/strings\//, sideEffects: false }] },
    },
  },
  server: { proxy: { "/api": { target: stack, changeOrigin: true, headers: { origin: stack } }, "/config.json": stack } },
});
