/** Everything that the console says. `import * as text from "…/strings"`: a page then loads only the sentences that it shows. */

export * from "./catalog";
export * from "./common";
export * from "./createTask";
export * from "./errors";
export * from "./navigation";
export * from "./player";
export * from "./remedies";
export * from "./statuses";
export * from "./subtaskEditor";
export * from "./task";
export * from "./taskActions";
export * from "./tasks";
export * from "./uploads";
