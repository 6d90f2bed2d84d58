"""What was built, beside what it takes the place of and what its recipe promised: the facts that plans are held to."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.domain.artifacts import Artifact
from controller.domain.differences import Difference
from controller.domain.recipes import Output
from controller.gateways.interfaces import read_interface
from controller.planning.interfaces import compare
from controller.planning.records import place_of
from controller.services.farm import Farm
from controller.storage import artifacts
from controller.storage.artifacts import ArtifactRow
from controller.storage.jobs import JobRow
from controller.storage.tables import from_json
from workers.contract.interfaces import InterfaceFacts
from workers.contract.reports import Report


@dataclass(frozen=True, slots=True)
class Built:
    """A verified file, the digest of the document about its libraries, and what it differs in."""

    artifact: Artifact
    interface: str
    difference: Difference


def compare_built(farm: Farm, job: JobRow, built: Sequence[Artifact], said: Report) -> list[Built]:
    """Each file that a job built beside the one before. Documents that are missing or broken leave that unknown.

    Nothing follows from what a stage before the last is like, so that it is beside nothing.
    """
    if job.stage:
        return [Built(artifact, "", Difference(place_of(artifact))) for artifact in built]
    with farm.reading() as session:
        before = {row.file: row for row in artifacts.find_files(session, job.before.values())}
    digests = {f"{file.subdir}/{file.file_name}": file.interface_sha256 for file in said.files}
    promised = {f"{o.subdir}/{o.file_name}": o for o in (from_json(Output, data) for data in job.outputs)}
    found = []
    for artifact in built:
        place = place_of(artifact)
        row, digest = before.get(job.before.get(place, "")), digests.get(place, "")
        old = interface_of(farm, row.interface) if row else None
        new = interface_of(farm, digest)
        then = row.value() if row else None
        difference = compare(then, artifact, old, new, promised[place].run_exports)
        found.append(Built(artifact, digest if new else "", difference))
    return found


def interface_of(farm: Farm, digest: str) -> InterfaceFacts | None:
    """The document about a file's libraries, where it was ever made."""
    return read_interface(farm.blobs.path(digest)) if digest and farm.blobs.exists(digest) else None


def difference_of(row: ArtifactRow) -> Difference | None:
    """What a file differs in, as it was kept; None for one that was never compared."""
    return from_json(Difference, row.difference) if row.difference else None
