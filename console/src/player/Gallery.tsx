import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Cards from "@cloudscape-design/components/cards";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { OutputFile } from "../api/types";
import { size } from "../format";
import { text } from "../strings";
import { factsOf } from "../task/facts";

/** Pictures: one large, or many side by side of which each can be made large. */
export default function Gallery({ images }: { images: readonly OutputFile[] }) {
  const [shown, setShown] = useState(images.length === 1 ? 0 : undefined);
  const image = shown === undefined ? undefined : images[shown];
  if (image && shown !== undefined) {
    return (
      <SpaceBetween size="s">
        {images.length > 1 && (
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="angle-left" disabled={shown === 0} onClick={() => setShown(shown - 1)}>
              {text.gallery.previous}
            </Button>
            <Button iconName="view-full" onClick={() => setShown(undefined)}>
              {text.gallery.all}
            </Button>
            <Button iconName="angle-right" iconAlign="right" disabled={shown === images.length - 1} onClick={() => setShown(shown + 1)}>
              {text.gallery.next}
            </Button>
          </SpaceBetween>
        )}
        <Box textAlign="center">
          <img src={image.url} alt={image.fileName} style={{ maxWidth: "100%", maxHeight: "60vh" }} />
        </Box>
        <Box textAlign="center" variant="small">
          {`${image.fileName}, ${size(image.size)}. ${factsOf(image)}`}
        </Box>
      </SpaceBetween>
    );
  }
  return (
    <Cards<OutputFile>
      items={[...images]}
      trackBy="key"
      ariaLabels={{ itemSelectionLabel: () => "", selectionGroupLabel: "", cardsLabel: text.gallery.title }}
      cardsPerRow={[{ cards: 1 }, { minWidth: 400, cards: 2 }, { minWidth: 700, cards: 3 }, { minWidth: 1000, cards: 4 }]}
      cardDefinition={{
        header: (file) => (
          <Button variant="inline-link" onClick={() => setShown(images.indexOf(file))}>
            {file.fileName}
          </Button>
        ),
        sections: [
          {
            id: "picture",
            content: (file) => <img src={file.url} alt={file.fileName} loading="lazy" style={{ width: "100%", borderRadius: 4 }} />,
          },
          { id: "facts", content: (file) => <Box variant="small">{`${size(file.size)}. ${factsOf(file)}`}</Box> },
        ],
      }}
    />
  );
}
