/** Where a new task's file comes from: this computer, the input bucket, or any bucket by its name. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FileUpload from "@cloudscape-design/components/file-upload";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import { useState } from "react";
import { text } from "../../strings";
import { ObjectPicker } from "./ObjectPicker";
import { UploadList } from "./UploadList";
import type { UploadRow } from "./useUploads";

type Origin = "upload" | "object";

export interface SourceChoice {
  origin: Origin;
  files: readonly File[];
  folder: string;
  uri: string;
}

interface Props {
  choice: SourceChoice;
  wrong: string | undefined;
  uploads: readonly UploadRow[];
  onChange: (choice: SourceChoice) => void;
  onCancel: (key: string) => void;
}

export function SourcePicker({ choice, wrong, uploads, onChange, onCancel }: Props) {
  const [picking, setPicking] = useState(false);
  return (
    <Container header={<Header variant="h2">{text.create.source}</Header>}>
      <SpaceBetween size="l">
        <FormField label={text.create.where} stretch>
          <Tiles
            value={choice.origin}
            onChange={({ detail }) => onChange({ ...choice, origin: detail.value as Origin })}
            items={[
              { value: "upload", label: text.create.upload, description: text.create.uploadWhy },
              { value: "object", label: text.create.object, description: text.create.objectWhy },
            ]}
          />
        </FormField>
        {choice.origin === "upload" ? (
          <SpaceBetween size="l">
            <FormField label={text.create.files} description={text.create.filesWhy} errorText={wrong}>
              <FileUpload
                multiple
                value={[...choice.files]}
                onChange={({ detail }) => onChange({ ...choice, files: detail.value })}
                accept="video/*,audio/*,.mkv,.mxf,.ts,.m2ts"
                showFileSize
                i18nStrings={text.create.dropzone}
              />
            </FormField>
            <FormField label={text.create.folder} description={text.create.folderWhy}>
              <Input value={choice.folder} onChange={({ detail }) => onChange({ ...choice, folder: detail.value })} />
            </FormField>
            {uploads.length > 0 && <UploadList rows={uploads} onCancel={onCancel} />}
          </SpaceBetween>
        ) : (
          <FormField
            label={text.create.uri}
            constraintText={text.create.uriForm}
            errorText={wrong}
            secondaryControl={<Button formAction="none" onClick={() => setPicking(true)}>{text.create.browse}</Button>}
          >
            <Input
              value={choice.uri}
              placeholder="s3://bucket/folder/film.mp4"
              onChange={({ detail }) => onChange({ ...choice, uri: detail.value })}
            />
          </FormField>
        )}
      </SpaceBetween>
      {picking && (
        <ObjectPicker
          onClose={() => setPicking(false)}
          onPick={({ bucket, key }) => {
            onChange({ ...choice, uri: `s3://${bucket}/${key}` });
            setPicking(false);
          }}
        />
      )}
    </Container>
  );
}

/** Return the bucket and the key of an s3:// address, if it is one. */
export function objectOf(uri: string): { bucket: string; key: string } | undefined {
  const [, bucket, key] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.+)$/.exec(uri.trim()) ?? [];
  return bucket && key ? { bucket, key } : undefined;
}

/** Return the key that a file gets in a folder. */
export function keyOf(folder: string, file: File): string {
  return [...folder.split("/").filter(Boolean), file.name].join("/");
}
