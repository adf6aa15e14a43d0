"""What a played probe hands on: a transcript in which there is nothing to mask."""

import msgspec

from ebbtide.model.transcripts import Transcript


class Unsecret(msgspec.Struct, frozen=True):
    """Stands for ``RawTranscript`` where nothing was read from a network."""

    transcript: Transcript

    def masked(self) -> Transcript:
        return self.transcript
