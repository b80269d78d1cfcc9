import Box from "@cloudscape-design/components/box";
import Link from "@cloudscape-design/components/link";
import type { OutputFile } from "../../api/types";
import { size } from "../../format";
import { text } from "../../strings";
import { List } from "../../ui/DataTable";
import { useNarrow } from "../../ui/useNarrow";
import { factsOf } from "../player/fileDetails";

const NARROW: ReadonlySet<string> = new Set(["name", "size"]); // the facts stand under the name there

/** The files that a subtask wrote, each with its facts and the link that saves it. */
export function Files({ outputs }: { outputs: readonly OutputFile[] }) {
  const { columns } = text.files;
  const narrow = useNarrow();
  return (
    <List<OutputFile>
      variant="embedded"
      items={outputs}
      trackBy="key"
      wrapLines
      columnDisplay={["name", "type", "size", "facts"].map((id) => ({ id, visible: !narrow || NARROW.has(id) }))}
      ariaLabels={{ tableLabel: text.files.title }}
      empty={{ title: text.files.none, hint: text.files.noneHint }}
      columnDefinitions={[
        {
          id: "name",
          header: columns.name,
          isRowHeader: true,
          cell: (file) => (
            <>
              <Link href={file.downloadUrl} external externalIconAriaLabel={text.newTab}>
                {file.fileName}
              </Link>
              {narrow && <Box variant="small">{factsOf(file)}</Box>}
            </>
          ),
        },
        { id: "type", header: columns.type, cell: (file) => file.contentType },
        { id: "size", header: columns.size, cell: (file) => size(file.size) },
        { id: "facts", header: columns.facts, cell: (file) => factsOf(file) },
      ]}
    />
  );
}
