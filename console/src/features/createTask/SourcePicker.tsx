/** The source of a new task: a file from this computer, or an object in a bucket. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FileUpload from "@cloudscape-design/components/file-upload";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import { useState } from "react";
import * as text from "../../strings";
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
  error: string | undefined;
  uploads: readonly UploadRow[];
  onChange: (choice: SourceChoice) => void;
  onCancel: (key: string) => void;
}

export function SourcePicker({ choice, error, uploads, onChange, onCancel }: Props) {
  const [picking, setPicking] = useState(false);
  return (
    <Container header={<Header variant="h2">{text.labels.source}</Header>}>
      <SpaceBetween size="l">
        <FormField label={text.createTask.origin} stretch>
          <Tiles
            value={choice.origin}
            onChange={({ detail }) => onChange({ ...choice, origin: detail.value as Origin })}
            items={[
              { value: "upload", label: text.createTask.upload, description: text.createTask.uploadWhy },
              { value: "object", label: text.createTask.object, description: text.createTask.objectWhy },
            ]}
          />
        </FormField>
        {choice.origin === "upload" ? (
          <SpaceBetween size="l">
            <FormField label={text.createTask.files} description={text.createTask.filesWhy} errorText={error}>
              <FileUpload
                multiple
                value={[...choice.files]}
                onChange={({ detail }) => onChange({ ...choice, files: detail.value })}
                accept="video/*,audio/*,.mkv,.mxf,.ts,.m2ts"
                showFileSize
                i18nStrings={text.createTask.dropzone}
              />
            </FormField>
            <FormField label={text.createTask.folder} description={text.createTask.folderWhy}>
              <Input value={choice.folder} onChange={({ detail }) => onChange({ ...choice, folder: detail.value })} />
            </FormField>
            {uploads.length > 0 && <UploadList rows={uploads} onCancel={onCancel} />}
          </SpaceBetween>
        ) : (
          <FormField
            label={text.createTask.uri}
            constraintText={text.createTask.uriForm}
            errorText={error}
            secondaryControl={<Button formAction="none" onClick={() => setPicking(true)}>{text.createTask.browse}</Button>}
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

/** Return the bucket and the key of an S3 URI; undefined if it isn't valid. */
export function objectOf(uri: string): { bucket: string; key: string } | undefined {
  const [, bucket, key] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.+)$/.exec(uri.trim()) ?? [];
  return bucket && key ? { bucket, key } : undefined;
}

/** Return the key of a file in a folder. */
export function keyOf(folder: string, file: File): string {
  return [...folder.split("/").filter(Boolean), file.name].join("/");
}
