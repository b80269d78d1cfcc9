/** The frame around every page: top bar, side navigation, breadcrumbs, notifications, routes. */

import AppLayoutToolbar from "@cloudscape-design/components/app-layout-toolbar";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import SideNavigation from "@cloudscape-design/components/side-navigation";
import TopNavigation from "@cloudscape-design/components/top-navigation";
import { lazy, Suspense, useEffect, useState } from "react";
import { Navigate, Route, Routes, useLocation } from "react-router";
import { auth } from "./auth/auth";
import { TasksPage } from "./features/tasks/TasksPage";
import * as text from "./strings";
import { breadcrumbsOf, titleOf } from "./ui/breadcrumbs";
import { ErrorBoundary } from "./ui/ErrorBoundary";
import { useFollow } from "./ui/links";
import { Loading, NotFoundPage } from "./ui/Loaded";
import { NotificationBar, useNotifications } from "./ui/notifications";
import { useTheme } from "./ui/useTheme";

const TaskPage = lazy(() => import("./features/task/TaskPage"));
const CreateTaskPage = lazy(() => import("./features/createTask/CreateTaskPage"));
const OrchestrationsPage = lazy(() => import("./features/catalog/OrchestrationsPage"));
const OrchestrationPage = lazy(() => import("./features/catalog/OrchestrationPage"));
const EditOrchestrationPage = lazy(() => import("./features/catalog/EditOrchestrationPage"));
const TemplatesPage = lazy(() => import("./features/catalog/TemplatesPage"));
const TemplatePage = lazy(() => import("./features/catalog/TemplatePage"));
const EditTemplatePage = lazy(() => import("./features/catalog/EditTemplatePage"));
const UploadsPage = lazy(() => import("./features/uploads/UploadsPage"));

const NAVIGATION = [
  { type: "link", text: text.navigation.tasks, href: "/tasks" },
  { type: "link", text: text.navigation.createTask, href: "/tasks/create" },
  { type: "divider" },
  { type: "link", text: text.navigation.orchestrations, href: "/orchestrations" },
  { type: "link", text: text.navigation.templates, href: "/templates" },
  { type: "divider" },
  { type: "link", text: text.navigation.uploads, href: "/uploads" },
] as const;
const TABLES = new Set(["/tasks", "/orchestrations", "/templates", "/uploads"]);

export function App() {
  const { pathname, key } = useLocation();
  const follow = useFollow();
  const [open, setOpen] = useState(true);
  const active = pathname === "/tasks/create" ? pathname : `/${pathname.split("/")[1] ?? ""}`;

  useEffect(() => {
    document.title = titleOf(pathname);
    // A new page starts at the top, visually and for screen readers.
    scrollTo(0, 0);
  }, [pathname]);

  return (
    <>
      <TopBar />
      <AppLayoutToolbar
        headerSelector="#top-bar"
        toolsHide
        navigationOpen={open}
        onNavigationChange={(event) => setOpen(event.detail.open)}
        navigationWidth={200}
        navigation={
          <SideNavigation
            header={{ text: text.product, href: "/tasks" }}
            items={NAVIGATION}
            activeHref={active}
            onFollow={follow}
          />
        }
        breadcrumbs={<BreadcrumbGroup items={breadcrumbsOf(pathname)} onFollow={follow} ariaLabel={text.navigation.breadcrumbs} />}
        notifications={<NotificationBar />}
        contentType={TABLES.has(pathname) ? "table" : pathname.endsWith("/create") ? "form" : "default"}
        content={
          <ErrorBoundary location={key}>
            <Suspense fallback={<Loading />}>
              <Pages />
            </Suspense>
          </ErrorBoundary>
        }
        ariaLabels={text.navigation.layout}
      />
    </>
  );
}

function Pages() {
  return (
    <Routes>
      <Route path="/tasks" element={<TasksPage />} />
      <Route path="/tasks/create" element={<CreateTaskPage />} />
      <Route path="/tasks/:taskId" element={<TaskPage />} />
      <Route path="/orchestrations" element={<OrchestrationsPage />} />
      <Route path="/orchestrations/create" element={<EditOrchestrationPage />} />
      <Route path="/orchestrations/:name" element={<OrchestrationPage />} />
      <Route path="/orchestrations/:name/edit" element={<EditOrchestrationPage />} />
      <Route path="/templates" element={<TemplatesPage />} />
      <Route path="/templates/create" element={<EditTemplatePage />} />
      <Route path="/templates/:name" element={<TemplatePage />} />
      <Route path="/templates/:name/edit" element={<EditTemplatePage />} />
      <Route path="/uploads" element={<UploadsPage />} />
      <Route path="/" element={<Navigate to="/tasks" replace />} />
      <Route path="*" element={<NotFoundPage />} />
    </Routes>
  );
}

function TopBar() {
  const follow = useFollow();
  const [dark, toggle] = useTheme();
  const { user, signOut, headers } = auth();
  const { notify, notifyError } = useNotifications();
  const copyToken = async () => {
    const { authorization = "" } = await headers();
    await navigator.clipboard.writeText(authorization.replace("Bearer ", ""));
    notify("success", text.navigation.tokenCopied);
  };
  return (
    <div id="top-bar" style={{ position: "sticky", insetBlockStart: 0, zIndex: 1002 }}>
      <TopNavigation
        identity={{
          href: "/tasks",
          title: text.product,
          logo: { src: "/favicon.svg", alt: text.navigation.logo },
          onFollow: (event) => follow({ detail: { href: "/tasks" }, preventDefault: () => event.preventDefault() }),
        }}
        utilities={[
          { type: "button", text: dark ? text.navigation.light : text.navigation.dark, onClick: toggle },
          // The link to the API's documentation carries no token, so it works without sign-in only.
          ...(signOut
            ? []
            : [
                {
                  type: "button" as const,
                  text: text.navigation.api,
                  href: "/api/docs",
                  external: true,
                  externalIconAriaLabel: text.newTab,
                },
              ]),
          ...(user && signOut
            ? [
                {
                  type: "menu-dropdown" as const,
                  text: user,
                  iconName: "user-profile" as const,
                  items: [
                    { id: "token", text: text.navigation.copyToken },
                    { id: "out", text: text.navigation.signOut },
                  ],
                  onItemClick: ({ detail }: { detail: { id: string } }) => void (detail.id === "token" ? copyToken() : signOut()).catch(notifyError),
                },
              ]
            : []),
        ]}
      />
    </div>
  );
}
