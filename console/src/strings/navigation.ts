export const navigation = {
  tasks: "Tasks",
  createTask: "Create task",
  createOrchestration: "Create orchestration",
  createTemplate: "Create template",
  orchestrations: "Orchestrations",
  templates: "Templates",
  uploads: "Uploads",
  logo: "Logo",
  dark: "Dark mode",
  light: "Light mode",
  api: "API",
  copyToken: "Copy token",
  tokenCopied: "Token copied. Use it as REELMILL_TOKEN. It expires within an hour; keep it secret.",
  signOut: "Sign out",
  breadcrumbs: "Breadcrumbs",
  layout: {
    navigation: "Side navigation",
    navigationClose: "Close side navigation",
    navigationToggle: "Open side navigation",
    notifications: "Notifications",
  },
};

export const leaving = {
  leave: "Leave",
  uploadTitle: "Leave this page? An upload is still running.",
  upload:
    "The upload will stop and no task will be created for the remaining files. To resume, select the same file again.",
  editsTitle: "Leave without saving?",
  edits: "Your changes haven't been saved.",
};
