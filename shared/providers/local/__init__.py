"""The provider `local`: models that lie in their packages and run on a processor, with no network."""

from shared.errors import ParametersRejected
from shared.operations.findings import Provider, Segment
from shared.operations.operation import OperationContext
from shared.providers.local import nudity, speech_recognition, text_recognition


class Local:
    """What the extra `ai` installs: speech in English, text in the video, nudity; no model for labels is free."""

    name = "local"

    def labels(self, context: OperationContext) -> tuple[Segment, ...]:
        """Raise ParametersRejected: there is no model for that."""
        message = f"the provider local has no model that names what {context.files.name} shows: choose the provider aws"
        raise ParametersRejected(message, code="ParameterError.ProviderLacks")

    def moderation(self, context: OperationContext) -> tuple[Segment, ...]:
        """Return how sure the model is of nudity, for each stretch that it looked at."""
        return nudity.find_nudity(context)

    def text(self, context: OperationContext) -> tuple[Segment, ...]:
        """Return the lines of writing in the video, in the scripts that PP-OCR reads: Latin and Chinese above all."""
        return text_recognition.find_text(context)

    def speech(self, context: OperationContext, language: str | None) -> tuple[Segment, ...]:
        """Return what is said, in English."""
        return speech_recognition.find_speech(context, language)


PROVIDER: Provider = Local()
