import Link from "@cloudscape-design/components/link";
import Table from "@cloudscape-design/components/table";
import type { OutputFile } from "../api/types";
import { size, words } from "../format";
import { text } from "../strings";
import { Empty } from "../ui/Empty";

/** The files that a subtask wrote, each with its facts and the link that saves it. */
export function Files({ outputs }: { outputs: readonly OutputFile[] }) {
  const { columns } = text.files;
  return (
    <Table<OutputFile>
      variant="embedded"
      items={outputs}
      trackBy="key"
      wrapLines
      ariaLabels={{ tableLabel: text.files.title }}
      empty={<Empty title={text.files.none} hint={text.files.noneHint} />}
      columnDefinitions={[
        {
          id: "name",
          header: columns.name,
          isRowHeader: true,
          cell: (file) => (
            <Link href={file.downloadUrl} external externalIconAriaLabel={text.newTab}>
              {file.fileName}
            </Link>
          ),
        },
        { id: "type", header: columns.type, cell: (file) => file.contentType },
        { id: "size", header: columns.size, cell: (file) => size(file.size) },
        { id: "facts", header: columns.facts, cell: (file) => factsOf(file) },
      ]}
    />
  );
}

/** Return a file's facts in one line. */
export function factsOf(file: OutputFile): string {
  const plain = Object.entries(file.facts).filter(([, value]) => value !== null && typeof value !== "object");
  return plain.map(([name, value]) => `${words(name)}: ${String(value)}`).join(", ") || text.none;
}
