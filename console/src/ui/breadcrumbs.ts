/** The breadcrumbs and the title of a page, from its path. */

import * as text from "../strings";

interface Crumb {
  text: string;
  href: string;
}

const FOLDERS: Record<string, { all: string; create: string }> = {
  tasks: { all: text.navigation.tasks, create: text.navigation.createTask },
  orchestrations: { all: text.navigation.orchestrations, create: text.navigation.createOrchestration },
  templates: { all: text.navigation.templates, create: text.navigation.createTemplate },
  uploads: { all: text.navigation.uploads, create: "" },
};

/** Return the breadcrumbs of a page. */
export function breadcrumbsOf(pathname: string): Crumb[] {
  const [folder = "", name, action] = pathname.split("/").filter(Boolean).map(decode);
  const known = FOLDERS[folder];
  const breadcrumbs = [{ text: text.product, href: "/tasks" }];
  const unknown = { text: text.errors.noPage, href: pathname };
  if (!known) return folder ? [...breadcrumbs, unknown] : breadcrumbs;
  breadcrumbs.push({ text: known.all, href: `/${folder}` });
  if (name) breadcrumbs.push({ text: name === "create" ? known.create : name, href: `/${folder}/${encodeURIComponent(name)}` });
  if (action) breadcrumbs.push(action === "edit" ? { text: text.buttons.edit, href: pathname } : unknown);
  return breadcrumbs;
}

/** Return a decoded part of a path, or the part itself if it isn't valid: people can type anything. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Return the title of the browser's tab. */
export function titleOf(pathname: string): string {
  const names = breadcrumbsOf(pathname).map((crumb) => crumb.text);
  return names.reverse().slice(0, 2).join(" · ");
}
