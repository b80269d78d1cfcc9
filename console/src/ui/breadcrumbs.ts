/** Where a page lies: its breadcrumbs and its title, from its path alone. */

import { text } from "../strings";

interface Crumb {
  text: string;
  href: string;
}

const FOLDERS: Record<string, { all: string; create: string }> = {
  tasks: { all: text.nav.tasks, create: text.nav.create },
  orchestrations: { all: text.nav.orchestrations, create: text.orchestrations.create },
  templates: { all: text.nav.templates, create: text.templates.create },
  uploads: { all: text.nav.uploads, create: "" },
};

/** Return the breadcrumbs of a page. */
export function crumbsOf(pathname: string): Crumb[] {
  const [folder = "", name, action] = pathname.split("/").filter(Boolean).map(decoded);
  const known = FOLDERS[folder];
  const crumbs = [{ text: text.product, href: "/tasks" }];
  const unknown = { text: text.errors.noPage, href: pathname };
  if (!known) return folder ? [...crumbs, unknown] : crumbs;
  crumbs.push({ text: known.all, href: `/${folder}` });
  if (name) crumbs.push({ text: name === "create" ? known.create : name, href: `/${folder}/${encodeURIComponent(name)}` });
  if (action) crumbs.push(action === "edit" ? { text: text.edit, href: pathname } : unknown);
  return crumbs;
}

/** Return a part of an address in words, or as it is: one can type anything. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Return the title that the browser's tab shows. */
export function titleOf(pathname: string): string {
  const names = crumbsOf(pathname).map((crumb) => crumb.text);
  return names.reverse().slice(0, 2).join(" · ");
}
