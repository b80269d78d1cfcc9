// The layers of src, from the bottom: strings, then api, auth and the modules beside them, then ui, then features, then app.
// A module imports from its own layer or a lower one, and nothing imports in a circle. Types count as imports.
const FEATURES = "^src/features/";
const TOP = "^src/(app|main)\\.tsx$";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Move what both modules need into a third one.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-cycle-of-features",
      comment: "Move what both features need into a feature of its own, or into a lower layer.",
      severity: "error",
      scope: "folder",
      from: { path: FEATURES },
      to: { circular: true },
    },
    {
      name: "strings-are-at-the-bottom",
      comment: "Strings know the API's types and nothing else.",
      severity: "error",
      from: { path: "^src/strings/" },
      to: { path: "^src/", pathNot: "^src/(strings/|api/types\\.ts$)" },
    },
    {
      name: "no-upward-import-into-ui",
      comment: "The API, sign-in and formats don't know how they are shown.",
      severity: "error",
      from: { path: "^src/", pathNot: [TOP, FEATURES, "^src/ui/"] },
      to: { path: [TOP, FEATURES, "^src/ui/"] },
    },
    {
      name: "no-upward-import-into-features",
      comment: "A component that knows a feature belongs to that feature.",
      severity: "error",
      from: { path: "^src/ui/" },
      to: { path: [TOP, FEATURES] },
    },
    {
      name: "no-upward-import-into-app",
      comment: "Only main.tsx imports app.tsx, and nothing imports main.tsx.",
      severity: "error",
      from: { path: FEATURES },
      to: { path: TOP },
    },
    {
      name: "no-unused-module",
      comment: "Delete the module, or import it.",
      severity: "error",
      from: { path: "^src/", orphan: true, pathNot: TOP },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    includeOnly: "^src/",
    tsPreCompilationDeps: true, // or imports of types would not count
    tsConfig: { fileName: "tsconfig.json" },
  },
};
