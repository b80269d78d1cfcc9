"""The provider `local`: models from Python packages that run on a CPU, without network access."""

from shared.errors import ParametersRejected
from shared.operations.findings import Provider, Segment
from shared.operations.operation import OperationContext
from shared.providers.local import nudity, speech_recognition, text_recognition


class Local:
    """The models of the extra `ai`: English speech, text in video, nudity. No free model for labels exists."""

    name = "local"

    def labels(self, context: OperationContext) -> tuple[Segment, ...]:
        """Raise ParametersRejected: there is no such model."""
        message = f"the provider local has no model to label what {context.files.name} shows: choose the provider aws"
        raise ParametersRejected(message, code="ParameterError.ProviderLacks")

    def moderation(self, context: OperationContext) -> tuple[Segment, ...]:
        """Return the model's confidence in nudity, for each interval that it examined."""
        return nudity.find_nudity(context)

    def text(self, context: OperationContext) -> tuple[Segment, ...]:
        """Return the lines of text in the video, in the scripts of PP-OCR: mainly Latin and Chinese."""
        return text_recognition.find_text(context)

    def speech(self, context: OperationContext, language: str | None) -> tuple[Segment, ...]:
        """Return the speech, in English."""
        return speech_recognition.find_speech(context, language)


PROVIDER: Provider = Local()
