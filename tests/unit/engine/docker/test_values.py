from tutor.engine.docker.connection import engine_seconds
from tutor.engine.docker.image_summary import image_summary
from tutor.engine.docker.pull_tally import PullTally


def test_an_engines_time_is_read_with_its_nanoseconds() -> None:
    assert engine_seconds("1970-01-01T00:00:01.500000999Z") == 1.5
    assert engine_seconds("1970-01-01T01:00:00+01:00") == 0.0
    assert engine_seconds("") == 0.0


def test_an_image_whose_engine_leaves_out_what_is_unset_is_read() -> None:
    summary = image_summary({"Id": "sha256:x", "Config": {}, "RepoTags": None}, [])
    assert summary.image_id == "sha256:x"
    assert summary.references == ()
    assert summary.config.start_command == ()
    assert summary.config.healthcheck is None


def test_history_is_told_oldest_first() -> None:
    summary = image_summary({"Id": "x"}, [{"CreatedBy": "CMD"}, {"CreatedBy": "COPY"}])
    assert summary.config.history == ("COPY", "CMD")


def test_a_stand_in_is_told_from_what_was_built_on_it() -> None:
    labels = {"fromscratch.stand-in": "Go"}
    base = {"Id": "x", "Config": {"Labels": labels}, "RootFS": {"Layers": ["a"]}}
    built = {"Id": "y", "Config": {"Labels": labels}, "RootFS": {"Layers": ["a", "b"]}}
    assert image_summary(base, []).stand_in
    assert not image_summary(built, []).stand_in


def test_a_pull_adds_up_over_its_layers_and_never_goes_back() -> None:
    tally = PullTally()
    assert not tally.total

    def say(layer: str, status: str, **detail: int) -> bool:
        return tally.feed({"id": layer, "status": status, "progressDetail": detail})

    assert say("a", "Downloading", current=10, total=100)
    assert say("b", "Downloading", current=5, total=50)
    assert not say("b", "Waiting")
    assert [tally.current, tally.total] == [15, 150]
    assert say("a", "Download complete")
    assert not say("a", "Extracting", current=1, total=100)
    assert not say("c", "Already exists")
    assert [tally.current, tally.total] == [105, 150]
    assert not tally.feed({"error": "manifest unknown"})
    assert tally.error == "manifest unknown"
