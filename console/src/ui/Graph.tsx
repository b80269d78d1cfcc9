/** The dependencies between subtasks, from left to right: of a task or of an orchestration. */

import type { ReactNode } from "react";
import { LINE, QUIET, SURFACE } from "./colors";

const WIDTH = 232;
const HEIGHT = 84; // three lines
const GAP_X = 64;
const GAP_Y = 20;

interface GraphNode {
  id: string;
  needs: readonly string[];
  title: string;
  content: ReactNode;
}

interface Placed extends GraphNode {
  x: number;
  y: number;
}

/** Return the nodes with their positions: each to the right of all nodes that it needs. */
function layOut(nodes: readonly GraphNode[]): Placed[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const depths = new Map<string, number>();
  const depth = (id: string, above: ReadonlySet<string>): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    const needs = (byId.get(id)?.needs ?? []).filter((one) => byId.has(one) && !above.has(one));
    const result = needs.length ? 1 + Math.max(...needs.map((one) => depth(one, new Set([...above, id])))) : 0;
    depths.set(id, result);
    return result;
  };
  const rows = new Map<number, number>();
  return nodes.map((node) => {
    const column = depth(node.id, new Set());
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    return { ...node, x: column * (WIDTH + GAP_X), y: row * (HEIGHT + GAP_Y) };
  });
}

/** Draw the graph. `label` names it for screen readers. */
export function Graph({ nodes, label }: { nodes: readonly GraphNode[]; label: string }) {
  const placed = layOut(nodes);
  const byId = new Map(placed.map((node) => [node.id, node]));
  const width = Math.max(...placed.map((node) => node.x)) + WIDTH;
  const height = Math.max(...placed.map((node) => node.y)) + HEIGHT;
  return (
    // A scrolling region must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div style={{ overflowX: "auto", padding: 4 }} tabIndex={0} role="region" aria-label={label}>
      <div style={{ position: "relative", width, height }}>
        <svg width={width} height={height} aria-hidden="true" style={{ position: "absolute" }}>
          {placed.flatMap((node) =>
            node.needs.map((need) => {
              const from = byId.get(need);
              return from && <path key={`${need}-${node.id}`} d={curve(from, node)} fill="none" stroke={QUIET} strokeWidth={1.5} />;
            }),
          )}
        </svg>
        <ol style={{ listStyle: "none", margin: 0, padding: 0 }}>
          {placed.map((node) => (
            <li key={node.id} style={boxAt(node)}>
              <div title={node.title} style={{ fontWeight: 700, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
                {node.title}
              </div>
              {node.content}
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

function curve(from: Placed, to: Placed): string {
  const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
  return `M${x1} ${y1} C${x1 + GAP_X / 2} ${y1} ${x2 - GAP_X / 2} ${y2} ${x2} ${y2}`;
}

const boxAt = ({ x, y }: Placed) =>
  ({
    position: "absolute",
    left: x,
    top: y,
    width: WIDTH,
    height: HEIGHT,
    boxSizing: "border-box",
    padding: "10px 12px",
    border: `1px solid ${LINE}`,
    borderRadius: 8,
    background: SURFACE,
  }) as const;
