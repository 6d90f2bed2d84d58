"""Orders as the controller writes them, for recipes that a test writes."""

from collections.abc import Sequence
from pathlib import Path

from tests.kit.fake_controller import RunningController
from workers.agent.machine import native_subdir
from workers.builders import orders, renders
from workers.contract.jobs import BuildOrder, JobSpec, Limits, PlannedFile, PlannedParent, TestOrder
from workers.contract.reports import Outcome

HERE = native_subdir()


def recipe(folder: Path, text: str, **files: str) -> Path:
    """A recipe folder; ``files`` are further files, with ``__`` for the dot."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return folder


def planned(folder: Path, number: int = 7, variants: str = "", platform: str = HERE) -> tuple[PlannedFile, ...]:
    """What the recipe makes, as the planner finds it by rendering."""
    variant_file = folder.parent / f"{folder.name}-variants.yaml"
    variant_file.write_text(variants, encoding="utf-8")
    task = orders.BuildTask(
        forms=(orders.Form(folder / "recipe.yaml", variant_file),), output_folder=folder, target_platform=platform,
        build_platform=HERE, build_number=number, package_format="conda:3", files=(), parents=(),
        sources=orders.Sources((), "disabled"),
    )  # fmt: skip
    found = dict.fromkeys(renders.identity(variant, platform) for variant in renders.render(task))
    return tuple(
        PlannedFile(
            name=name, version=version, build=build, build_number=number, subdir=subdir,
            file_name=f"{name}-{version}-{build}.conda",
        )
        for subdir, name, version, build in found
    )  # fmt: skip


def build_order(
    controller: RunningController, folder: Path, *, number: int = 7, variants: str = "", job: str = "J-1",
    files: Sequence[PlannedFile] | None = None, parents: Sequence[PlannedParent] = (), platform: str = HERE,
    channels: Sequence[str] = ("/channels/main",), **limits: float,
) -> JobSpec:  # fmt: skip
    """The order to build all that a recipe makes, with its source kept by the controller."""
    return JobSpec(
        job=job, batch="B-1", channels=tuple(channels), limits=Limits.model_validate(limits), package_format="conda:1",
        order=BuildOrder(
            recipe=folder.name, source_sha256=controller.add_source(folder), variant_config=variants,
            target_platform=platform, build_platform=HERE, build_number=number,
            files=planned(folder, number, variants, platform) if files is None else tuple(files),
            parents=tuple(parents),
        ),
    )  # fmt: skip


def publish(controller: RunningController, attempt: str, channel: str = "main") -> list[TestOrder]:
    """Put what an attempt delivered into the store and a channel; the orders that test it."""
    report = controller.attempts[attempt].report
    assert report.outcome is Outcome.PASSED, f"{report}\n{controller.attempts[attempt].text}"
    spec = controller.attempts[attempt].spec
    assert isinstance(spec.order, BuildOrder)
    by_name = {file.file_name: file for file in spec.order.files}
    for file in report.files:
        for root in (controller.store, controller.channels / channel):
            path = root / file.subdir / file.file_name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(controller.blobs[file.sha256])
    index(controller.channels / channel)
    return [
        TestOrder(file=by_name[file.file_name], sha256=file.sha256, url=f"/store/{file.subdir}/{file.file_name}")
        for file in report.files
    ]


def check_order(
    test: TestOrder, job: str = "J-2", channels: Sequence[str] = ("/channels/main",), **limits: float
) -> JobSpec:
    """The order to test a published file."""
    return JobSpec(job=job, batch="B-1", channels=tuple(channels), limits=Limits.model_validate(limits), order=test)


def index(channel: Path) -> None:
    """Write the channel's index files."""
    import asyncio

    from rattler.index import index_fs

    asyncio.run(index_fs(channel, write_zst=False, write_shards=False))
