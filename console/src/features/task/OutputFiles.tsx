import Box from "@cloudscape-design/components/box";
import Link from "@cloudscape-design/components/link";
import type { OutputFile } from "../../api/types";
import { byteSize } from "../../format";
import * as text from "../../strings";
import { DataTable } from "../../ui/DataTable";
import { useNarrow } from "../../ui/useNarrow";
import { detailsOf } from "../player/fileDetails";

const NARROW: ReadonlySet<string> = new Set(["name", "size"]); // the details are below the name there

/** The files that a subtask wrote, with their details and download links. */
export function OutputFiles({ outputs }: { outputs: readonly OutputFile[] }) {
  const { columns } = text.outputFiles;
  const narrow = useNarrow();
  return (
    <DataTable<OutputFile>
      variant="embedded"
      items={outputs}
      trackBy="key"
      wrapLines
      columnDisplay={["name", "type", "size", "details"].map((id) => ({ id, visible: !narrow || NARROW.has(id) }))}
      ariaLabels={{ tableLabel: text.outputFiles.title }}
      empty={{ title: text.outputFiles.none, hint: text.outputFiles.noneHint }}
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
              {narrow && <Box variant="small">{detailsOf(file)}</Box>}
            </>
          ),
        },
        { id: "type", header: columns.type, cell: (file) => file.contentType },
        { id: "size", header: columns.size, cell: (file) => byteSize(file.size) },
        { id: "details", header: columns.details, cell: (file) => detailsOf(file) },
      ]}
    />
  );
}
