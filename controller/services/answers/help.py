"""What each error and each state means, what usually causes it, and what to do: the text behind ``/help``."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One word. ``group`` is ``error``, ``job``, ``batch``, ``attempt`` or ``worker``."""

    group: str
    title: str
    meaning: str
    causes: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()


def _error(title: str, meaning: str, causes: tuple[str, ...], remedies: tuple[str, ...]) -> Topic:
    return Topic("error", title, meaning, causes, remedies)


TOPICS: dict[str, Topic] = {
    "farm_error": _error(
        "The farm's own fault",
        "Something went wrong that the farm has no better word for. Nothing half-done was kept.",
        ("The disk is full.", "The database is away.", "A mistake in the farm itself."),
        ("Try again: every request is safe to repeat.", "Read the controller's log.", "Run `farm doctor`."),
    ),
    "not_found": _error(
        "No such thing",
        "The id, the channel or the file that was named is not there.",
        ("A misspelt id.", "The farm was set up anew, and old ids are gone.", "A file that never was in this channel."),
        ("List what there is: `farm batch list`, `farm channel list`.",),
    ),
    "too_busy": _error(
        "Come again in a moment",
        "What a change would force takes a whole tree to work out, so one such question is answered at a time.",
        ("The tree is large, and nobody asked about it since it was pushed.", "Several people ask at once."),
        (
            "Ask the same again: what was worked out meanwhile is kept.",
            "`farm affected NAME=VERSION` works it out on your own machine.",
        ),
    ),
    "invalid_input": _error(
        "It cannot be read",
        "What was sent is not of the form that is expected, or makes no sense.",
        ("A field is missing or of another kind.", "Worker and controller are of different versions."),
        ("The answer names each field at fault.", "The expected forms are in /api/v1/openapi.json."),
    ),
    "illegal_move": _error(
        "Not possible in this state",
        "The thing exists, but this cannot be done with it now.",
        ("It changed since you looked.", "It was done already."),
        ("Look at it again; its page says what can be done now.",),
    ),
    "stale_lease": _error(
        "The lease is over",
        "Another attempt holds the job, or the job was cancelled. Nothing that an old holder sends is kept.",
        ("The worker was silent for longer than a lease.", "The machine slept.", "The batch was cancelled."),
        ("Nothing to do: the worker drops the work and claims again.",
         "If it happens often, look at the worker's network and load."),
    ),
    "upload_refused": _error(
        "Upload refused",
        "The bytes do not follow those that are kept, or they are not what their digest says.",
        ("The connection broke and two tries overlapped.", "The file changed while it was sent.", "A damaged disk."),
        ("The answer names the offset that is kept; the worker goes on from there by itself.",),
    ),
    "artifact_refused": _error(
        "Package file refused",
        "A package file is not what was ordered, or is not a sound package. It was not published.",
        ("The build made another name, version or build string than planned.",
         "A file that was ordered is missing.", "The archive holds paths that leave it."),
        ("Read the job's log from the packaging phase on.", "Build the recipe alone, and compare the file's name."),
    ),
    "name_taken": _error(
        "File name used before",
        "A file of this name was planned or built once. Names are never used twice, so that no cache goes stale.",
        ("A package built elsewhere was brought in by hand.", "Another controller planned it at the same moment."),
        ("Push the recipe again: the plan gives it the next build number.",),
    ),
    "gate_refused": _error(
        "A gate said no",
        "The channel was not moved, for one of the promotion's gates does not pass.",
        ("A job of the batch is broken.", "A package would lose its solution in the target channel."),
        ("The batch's page shows each gate with its reasons, and who must act.",
         "`farm batch promote B-7 --dry-run` asks again and changes nothing."),
    ),
    "not_permitted": _error(
        "Not permitted",
        "Whoever asked may not do this, or did not say who they are.",
        ("No token was sent.", "The token is that of another farm or of another attempt."),
        ("The administrator's token is in the file `admin-token` in the data folder; give it with --token-file.",
         "Workers use the file `worker-token`."),
    ),
    "recipe_unreadable": _error(
        "Recipe cannot be read",
        "A recipe does not parse or does not render. It is left out; all others go on.",
        ("A slip in the YAML.", "A variable that no pin file gives a value."),
        ("The message names file, line and cause.", "`farm plan` shows it before you push."),
    ),
    "tree_unreadable": _error(
        "Tree cannot be read",
        "The recipe tree, or the named commit of it, cannot be fetched or read.",
        ("A wrong path or address.", "A commit that was not pushed yet.", "git asked for a password."),
        ("Try `git ls-remote` on the same address, as the user the farm runs as.",),
    ),
    "broker_unavailable": _error(
        "The broker is away",
        "Redis or Valkey cannot be reached. Nothing is lost: work is kept in the database, and bells are rung again.",
        ("It is not running.", "A wrong address in FARM_BROKER_URL."),
        ("Start it; the farm goes on by itself.", "Run `farm doctor`."),
    ),
    "database_unavailable": _error(
        "The database is away",
        "The database does not let the farm in, or what was found is no database of the farm.",
        ("It is not running.", "A wrong address, name or password in FARM_DATABASE_URL.",
         "A file in the data folder was overwritten."),
        ("Start it, or mend the address.", "Run `farm doctor`."),
    ),
    "server_unreachable": _error(
        "The controller does not answer",
        "The command could not reach the controller, or did not understand its answer.",
        ("It is not running.", "A wrong --server or FARM_SERVER."),
        ("Start it with `farm up`.",),
    ),
    "upstream_unreachable": _error(
        "An index outside of the farm does not answer",
        "A package index or a channel that a command asks cannot be reached, or gave what cannot be read.",
        ("No way out of this network.", "A proxy that is not named.", "A wrong address of a channel."),
        ("Set HTTPS_PROXY, and SSL_CERT_FILE for a proxy with a certificate of its own.",
         "Look at the address in a browser."),
    ),
    "data_folder": _error(
        "The data folder cannot be used",
        "The folder is in use by another controller, was written by a newer version, or is not writable.",
        ("A second `farm up` on the same folder.", "An older version after an upgrade."),
        ("Name another folder with --data.", "Use the newer version again."),
    ),
    "port_taken": _error(
        "The port is taken",
        "Another program listens where the controller wants to.",
        ("Another farm is up.",),
        ("Give another with --port; --port 0 takes any that is free.",),
    ),
    "plan_too_large": _error(
        "The plan is larger than usual",
        "The change would cause more work than the circuit breaker lets through unseen.",
        ("A change at the root of the tree.", "A pin that everything follows was moved by mistake."),
        ("Look at the plan; release it with `farm batch release B-7`, or cancel it.",),
    ),
    "waiting": Topic(
        "job", "Waiting", "Other jobs must pass before this one can start. Its page names them.",
        ("It builds on what they build, or tests it.",), ("Nothing to do.",),
    ),
    "ready": Topic(
        "job", "Ready", "It could start now, and waits for a free worker of its pool.",
        ("All workers are busy.", "No worker serves the pool."),
        ("If it waits long: `farm worker list`, and start another worker for this pool.",),
    ),
    "running": Topic(
        "job", "Running", "A worker holds its lease and works on it; or, of a batch, some of its jobs are not done.",
        (), ("The log can be followed on the job's page.",),
    ),
    "passed": Topic(
        "job", "Passed", "Done: files are verified in the store, or tests passed. Of a batch: all of it is in testing.",
        (), ("A batch that passed can be promoted: `farm batch promote B-7`.",),
    ),
    "failed": Topic(
        "job", "Failed", "The recipe's own script or test failed. Faults of a machine are never called this.",
        ("A compiler or linker error.", "A test that does not hold any more."),
        ("Read the failing line on the job's page.", "Repair the recipe and push, or `farm job retry J-7`."),
    ),
    "unsolvable": Topic(
        "job", "Unsolvable", "No set of packages satisfies what its environment asks for.",
        ("Two requirements that exclude each other.", "A package that no channel has for this platform."),
        ("The solver's own words are on the job's page; loosen the pin that they name.",),
    ),
    "quarantined": Topic(
        "job", "Quarantined", "Several workers were lost while they worked on it, so it is given to nobody any more.",
        ("It takes more memory than the machines have.", "A test that kills its session."),
        ("Look at the attempts and at the machines.", "`farm job retry J-7` lets it try again."),
    ),
    "blocked": Topic(
        "job", "Blocked", "It cannot be done until a job before it is repaired.",
        ("A job that it builds on is broken.",), ("Repair that one; this follows by itself.",),
    ),
    "not_needed": Topic(
        "job", "Not needed", "The plan was decided again with what had been built, and this is not in it any more.",
        ("What it was built on came out the same as before.", "What it was to test is rebuilt for another reason."),
        ("Nothing; the batch's page tells under 'Predicted, and what came' where the cascade stopped.",),
    ),
    "checking": Topic(
        "job", "Checking", "Its tests failed, alone too, and nobody knows yet whether they fail without the change.",
        ("What passed before was seen too long ago, or what failed was seen on another state of testing.",),
        ("Nothing: a control runs the same tests without the change, and tells. The job's page names it.",),
    ),
    "no_regression": Topic(
        "job", "No regression", "Its tests fail, as they do without the change, so the change is not stopped for it.",
        ("The package was broken before, or its test is.", "It could not even be installed before."),
        ("Nothing for this change: its file keeps the verdict `failed`, and the gate `tested` names it.",
         "Repair the test, or the package, in a change of its own."),
    ),
    "answered": Topic(
        "job", "Answered", "A control that ended: its outcome says how the tests go without the change.",
        (), ("Look at the job that it was run for; its page names it.",),
    ),
    "escalated": Topic(
        "job", "Escalated", "What it was to test does not go with the new package as it stands, so it is rebuilt.",
        ("Its tests failed, or it could not be installed with the new package.",
         "It uses symbols that are gone from the new library, though the bound that it records admits that."),
        ("Nothing, if the rebuild passes; else repair its recipe, or keep the old interface in the library.",),
    ),
    "expected": Topic(
        "job", "Fails as expected", "It failed, and its tree says in `[[tree.expected]]` that it does, and why.",
        ("What the tree knows of is not mended yet.",),
        ("Nothing: what needs it stays behind, and nothing else is held up.",
         "When it is mended, retry it; it is told as 'now passes' until the line is taken out."),
    ),
    "cancelled": Topic("job", "Cancelled", "A person gave it up.", (), ("Push again to start afresh.",)),
    "held": Topic(
        "batch", "Held", "Its plan is larger than usual and waits for a person.",
        ("A change at the root of the tree.", "What was built showed that more has to be rebuilt than was planned."),
        ("`farm batch view B-7` says what is usual; then `farm batch release B-7`, or cancel it.",),
    ),
    "partial": Topic(
        "batch", "Passed in part", "The largest part that is safe by itself is in testing; the rest stays behind.",
        ("Some jobs broke.",), ("The batch's page says what stays behind, and which job is at fault.",),
    ),
    "promoted": Topic(
        "batch", "Promoted", "Its packages are in stable.", (),
        ("`farm promotion restore stable@4` takes a promotion back.",),
    ),
    "restored": Topic(
        "batch", "Taken back", "It was in stable, and stable has been moved back to what it held before.", (),
        ("It can be promoted again.",),
    ),
    "leased": Topic("attempt", "Leased", "A worker holds this attempt and renews its lease by a heartbeat."),
    "lost": Topic(
        "attempt", "Lost", "The worker went silent, or said the fault was its own. The job is tried again elsewhere.",
        ("The worker was killed.", "The network was away for longer than a lease."),
        ("If one worker is lost again and again, look at that machine.",),
    ),
    "excused": Topic(
        "attempt", "Excused", "Tests failed, and everything that failed is quarantined, or expected by its tree.",
        ("A case that comes and goes failed alone too.", "The tree's `[[tree.expected]]` names it."),
        ("`farm flakes quarantined` and `farm failures expected` say what is excused, by whom and until when.",),
    ),
    "stopped": Topic("attempt", "Stopped", "The controller took the job away, since it was cancelled."),
    "idle": Topic("worker", "Idle", "It is there and waits for a bell."),
    "busy": Topic("worker", "Busy", "It works on the job shown beside it."),
    "draining": Topic("worker", "Draining", "It finishes what it has and takes no more."),
    "gone": Topic("worker", "Gone", "It said goodbye."),
}  # fmt: skip
