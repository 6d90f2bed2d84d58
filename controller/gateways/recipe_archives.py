"""Archives of recipe folders: the same bytes for the same files, whoever packs them and when."""

import gzip
import io
import tarfile
from collections.abc import Iterable


def pack(files: Iterable[tuple[str, bytes, bool]]) -> bytes:
    """A gzipped tar of files: name, content, and whether it is a program; in the order given."""
    out = io.BytesIO()
    zipped = gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0)
    with zipped, tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data, program in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755 if program else 0o644
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()
