/** The dialog that selects an object of the input bucket. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { api, unwrap } from "../../api/client";
import type { VerdictRow } from "../../api/types";
import { usePolled } from "../../api/usePolled";
import { byteSize } from "../../format";
import * as text from "../../strings";
import { DataTable } from "../../ui/DataTable";
import { Timestamp } from "../../ui/Timestamp";

interface PickedObject {
  bucket: string;
  key: string;
}

interface Props {
  onPick: (picked: PickedObject) => void;
  onClose: () => void;
}

export function ObjectPicker({ onPick, onClose }: Props) {
  const [typed, setTyped] = useState("");
  const [prefix, setPrefix] = useState("");
  const [token, setToken] = useState<string>();
  const [selected, setSelected] = useState<VerdictRow>();
  const objects = usePolled(
    `${prefix}#${token ?? ""}`,
    async (signal) => {
      // A dry run of a backfill lists the objects without creating tasks.
      const body = { prefix, dryRun: true, maxResults: 50, nextToken: token };
      const page = await unwrap(api.POST("/uploads/backfill", { body, signal }));
      return { ...page, objects: [...new Map(page.verdicts.map((one) => [one.key, one])).values()] };
    },
    () => null,
  );
  return (
    <Modal
      visible
      size="large"
      header={text.objectPicker.title}
      closeAriaLabel={text.buttons.close}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {text.buttons.cancel}
            </Button>
            <Button variant="primary" disabled={!selected} onClick={() => selected && onPick({ bucket: selected.bucket, key: selected.key })}>
              {text.objectPicker.select}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <DataTable<VerdictRow>
        variant="embedded"
        polled={objects}
        items={objects.value?.objects}
        trackBy="key"
        selectionType="single"
        selectedItems={selected ? [selected] : []}
        onSelectionChange={(event) => setSelected(event.detail.selectedItems[0])}
        onRowClick={(event) => setSelected(event.detail.item)}
        ariaLabels={{ tableLabel: text.objectPicker.title, selectionGroupLabel: text.objectPicker.title, itemSelectionLabel: (_, one) => one.key }}
        filter={
          <TextFilter
            filteringText={typed}
            filteringPlaceholder={text.objectPicker.prefix}
            filteringAriaLabel={text.objectPicker.prefix}
            onChange={(event) => setTyped(event.detail.filteringText)}
            onDelayedChange={(event) => {
              setPrefix(event.detail.filteringText);
              setToken(undefined);
            }}
          />
        }
        header={<Box variant="p">{text.objectPicker.about}</Box>}
        empty={{ title: text.objectPicker.none, hint: text.objectPicker.noneHint }}
        footer={
          objects.value?.nextToken && (
            <Box textAlign="center">
              <Button onClick={() => setToken(objects.value?.nextToken ?? undefined)}>{text.objectPicker.more}</Button>
            </Box>
          )
        }
        columnDefinitions={[
          { id: "key", header: text.objectPicker.columns.key, isRowHeader: true, cell: (one) => one.key },
          { id: "size", header: text.labels.size, cell: (one) => byteSize(one.size) },
          { id: "uploaded", header: text.objectPicker.columns.uploaded, cell: (one) => <Timestamp at={one.uploadedAt} /> },
        ]}
      />
    </Modal>
  );
}
