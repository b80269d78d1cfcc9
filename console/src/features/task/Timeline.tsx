/** When each subtask was queued and ran, on one axis. */

import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useState } from "react";
import type { DisplayStatus, Subtask, TaskDetail } from "../../api/types";
import { duration } from "../../format";
import * as text from "../../strings";
import { BAD, BUSY, GOOD, LINE, QUIET, TRACK } from "../../ui/colors";
import { displayStatus } from "../../ui/status";
import { type Span, spanOf } from "./progress";

const MOST_TICKS = 6;
const TICK_DISTANCE = 80; // px, at least, between the labels of two ticks
/** Round steps between two ticks, in seconds. */
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400] as const;
const STRIPES = `repeating-linear-gradient(45deg, ${QUIET} 0 2px, transparent 2px 7px)`;
const COLORS: Partial<Record<DisplayStatus, string>> = {
  SUCCESSFUL: GOOD,
  FAILED: BAD,
  IN_PROGRESS: BUSY,
};

/** A chart of a run. `now` is the provisional end of running subtasks, in epoch milliseconds. */
export function Timeline({ task, now }: { task: TaskDetail; now: number }) {
  const runStart = new Date(task.runAt).getTime();
  const spans = task.subtasks.map((subtask) => spanOf(subtask, task.subtasks, runStart));
  const known = spans.flatMap((span) => [span.ready, span.started, span.ended]).filter((at) => at !== undefined);
  const to = Math.max(runStart + 1, ...(task.endedAt ? known : [now]));
  const [axis, setAxis] = useState<HTMLElement | null>(null);
  const width = useWidth(axis);
  const most = Math.min(MOST_TICKS, Math.max(2, Math.floor(width / TICK_DISTANCE)));
  const share = (at: number) => `${(100 * (at - runStart)) / (to - runStart)}%`;

  return (
    <SpaceBetween size="s">
      <div role="table" aria-label={text.task.timeline}>
        <div role="row" style={ROW}>
          <span role="columnheader">
            <Box variant="small">{text.labels.subtasks}</Box>
          </span>
          <div ref={setAxis} role="columnheader" aria-label={text.task.timeline} style={{ position: "relative", height: 22 }}>
            {ticksOf((to - runStart) / 1000, most).map((seconds) => (
              <span key={seconds} style={tickAt((1000 * seconds) / (to - runStart))}>
                <Box variant="small">{duration(seconds)}</Box>
              </span>
            ))}
          </div>
          <span role="columnheader">
            <Box variant="small">{text.task.runTime}</Box>
          </span>
        </div>
        {task.subtasks.map((subtask, index) => (
          <Bar key={subtask.no} subtask={subtask} span={spans[index]} now={now} share={share} />
        ))}
      </div>
      <Legend />
    </SpaceBetween>
  );
}

function Bar(props: { subtask: Subtask; span: Span | undefined; now: number; share: (at: number) => string }) {
  const { subtask, span, now, share } = props;
  const status = displayStatus(subtask);
  const { ready, started } = span ?? {};
  const ended = span?.ended ?? now;
  const waitedUntil = started ?? (subtask.status === "WAITING" ? now : undefined);
  const waited = ready !== undefined && waitedUntil !== undefined ? Math.max(0, waitedUntil - ready) / 1000 : 0;
  const ran = started === undefined ? undefined : (ended - started) / 1000;
  const times = [
    text.subtaskStatuses[status],
    ...(waited > 0 ? [text.task.queuedFor(duration(waited))] : []),
    ...(ran === undefined ? [] : [text.task.ranFor(duration(ran))]),
  ].join(", ");
  const description = subtask.carriedFrom ? `${times}. ${text.task.reused(subtask.carriedFrom)}` : times;
  return (
    <div role="row" style={ROW}>
      <span role="rowheader" title={subtask.name} style={NAME}>
        {`${subtask.no}. ${subtask.name}`} <Box variant="small">{text.subtaskTypes[subtask.type]}</Box>
      </span>
      <div role="cell" aria-label={description} title={description} style={TRACK_STYLE}>
        {ready !== undefined && waited > 0 && waitedUntil !== undefined && (
          <span style={barAt(share(ready), share(waitedUntil), STRIPES)} />
        )}
        {started !== undefined && (
          <span style={barAt(share(started), share(ended), COLORS[status] ?? QUIET)} />
        )}
      </div>
      <span role="cell">{ran === undefined ? text.subtaskStatuses[status] : duration(ran)}</span>
    </div>
  );
}

function Legend() {
  const items = [
    [text.task.queued, STRIPES],
    [text.subtaskStatuses.IN_PROGRESS, BUSY],
    [text.subtaskStatuses.SUCCESSFUL, GOOD],
    [text.subtaskStatuses.FAILED, BAD],
    [text.subtaskStatuses.SKIPPED, QUIET],
  ] as const;
  return (
    <SpaceBetween direction="horizontal" size="m">
      {items.map(([label, background]) => (
        <span key={label} style={{ display: "inline-flex", alignItems: "center", gap: 6 }}>
          <span aria-hidden="true" style={{ width: 14, height: 14, borderRadius: 3, background }} />
          <Box variant="small">{label}</Box>
        </span>
      ))}
    </SpaceBetween>
  );
}

const ROW = {
  display: "grid",
  gridTemplateColumns: "minmax(96px, 220px) minmax(120px, 1fr) 88px",
  columnGap: 16,
  alignItems: "center",
  padding: "6px 0",
} as const;
const NAME = { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" } as const;
const TRACK_STYLE = {
  position: "relative",
  height: 18,
  borderRadius: 4,
  overflow: "hidden",
  background: TRACK,
  boxShadow: `inset 0 0 0 1px ${LINE}`,
} as const;

/** Return the width of an element in pixels. */
function useWidth(element: HTMLElement | null): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** Return round times on an axis of `seconds`, about `most` of them at most. */
function ticksOf(seconds: number, most: number): number[] {
  const step = STEPS.find((one) => seconds / one < most) ?? Math.ceil(seconds / most / 86400) * 86400;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, tick) => tick * step);
}

const tickAt = (share: number) =>
  ({
    position: "absolute",
    left: `${100 * share}%`,
    transform: `translateX(${-100 * share}%)`, // keeps the first and the last label within the axis
    whiteSpace: "nowrap",
  }) as const;

const barAt = (from: string, to: string, background: string) =>
  ({
    position: "absolute",
    left: from,
    width: `max(3px, calc(${to} - ${from}))`,
    height: "100%",
    background,
  }) as const;
