/** The objects of the input bucket, to pick one. */

import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { api, take } from "../../api/client";
import type { VerdictRow } from "../../api/types";
import { size } from "../../format";
import { usePolled } from "../../api/usePolled";
import { text } from "../../strings";
import { List } from "../../ui/DataTable";
import { Moment } from "../../ui/Timestamp";

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
  const [chosen, setChosen] = useState<VerdictRow>();
  const objects = usePolled(
    `${prefix}#${token ?? ""}`,
    async (signal) => {
      // A backfill that makes nothing lists what is there, and says what would become of it.
      const body = { prefix, dryRun: true, maxResults: 50, nextToken: token };
      const page = await take(api.POST("/uploads/backfill", { body, signal }));
      return { ...page, objects: [...new Map(page.verdicts.map((one) => [one.key, one])).values()] };
    },
    () => null,
  );
  return (
    <Modal
      visible
      size="large"
      header={text.objects.title}
      closeAriaLabel={text.close}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {text.cancel}
            </Button>
            <Button variant="primary" disabled={!chosen} onClick={() => chosen && onPick({ bucket: chosen.bucket, key: chosen.key })}>
              {text.objects.choose}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <List<VerdictRow>
        variant="embedded"
        polled={objects}
        items={objects.value?.objects}
        trackBy="key"
        selectionType="single"
        selectedItems={chosen ? [chosen] : []}
        onSelectionChange={(event) => setChosen(event.detail.selectedItems[0])}
        onRowClick={(event) => setChosen(event.detail.item)}
        ariaLabels={{ tableLabel: text.objects.title, selectionGroupLabel: text.objects.title, itemSelectionLabel: (_, one) => one.key }}
        filter={
          <TextFilter
            filteringText={typed}
            filteringPlaceholder={text.objects.prefix}
            filteringAriaLabel={text.objects.prefix}
            onChange={(event) => setTyped(event.detail.filteringText)}
            onDelayedChange={(event) => {
              setPrefix(event.detail.filteringText);
              setToken(undefined);
            }}
          />
        }
        header={<Box variant="p">{text.objects.about}</Box>}
        empty={{ title: text.objects.none, hint: text.objects.noneHint }}
        footer={
          objects.value?.nextToken && (
            <Box textAlign="center">
              <Button onClick={() => setToken(objects.value?.nextToken ?? undefined)}>{text.objects.more}</Button>
            </Box>
          )
        }
        columnDefinitions={[
          { id: "key", header: text.objects.columns.key, isRowHeader: true, cell: (one) => one.key },
          { id: "size", header: text.files.columns.size, cell: (one) => size(one.size) },
          { id: "at", header: text.objects.columns.at, cell: (one) => <Moment at={one.uploadedAt} /> },
        ]}
      />
    </Modal>
  );
}
