import StatusIndicator from "@cloudscape-design/components/status-indicator";
import * as text from "../../strings";

/** Whether an orchestration is enabled. */
export function EnabledLabel({ enabled }: { enabled: boolean }) {
  return <StatusIndicator type={enabled ? "success" : "stopped"}>{enabled ? text.orchestrations.on : text.orchestrations.off}</StatusIndicator>;
}
