from __future__ import annotations

from tests.unit.inspect.anatomy_value import image
from tests.unit.inspect.test_decision import RECORDS, TWO_STAGES
from tutor.core.anatomy import ImageAnatomy, PartKind
from tutor.inspect.waterfall import Waterfall, make_waterfall

BUILDER = image(
    [
        (PartKind.BASE, 0, 2_000),
        (PartKind.TOOLCHAIN, 0, 198_000),
        (PartKind.SOURCE, 2, 20),
        (PartKind.CACHE, 3, 65_000),
        (PartKind.CODE, 3, 2_600),
        (PartKind.SYMBOLS, 3, 400),
        (PartKind.DEBUG, 3, 2_100),
    ],
    RECORDS["buildkit"],
    name="builder",
)
FINAL = image([(PartKind.CODE, 0, 2_600)], name="multi")


def decided(waterfall: Waterfall) -> dict[str, str]:
    return {step.kind.value: step.decision.shown if step.decision else "" for step in waterfall.steps}


def test_the_steps_add_up_to_the_difference() -> None:
    waterfall = make_waterfall(BUILDER, FINAL, TWO_STAGES, par_bytes=3_000)
    assert waterfall.before_bytes + sum(step.delta_bytes for step in waterfall.steps) == waterfall.after_bytes
    assert abs(sum(step.share_percent for step in waterfall.steps) - 100 * (1 - 2_600 / 270_120)) < 1e-9
    assert waterfall.par_bytes == 3_000


def test_each_step_names_the_line_that_decided_it() -> None:
    assert decided(make_waterfall(BUILDER, FINAL, TWO_STAGES)) == {
        "base system": "line 7: FROM scratch",
        "toolchain": "line 7: FROM scratch",
        "build cache": "line 8: COPY --from=builder /app /app",
        "source": "line 8: COPY --from=builder /app /app",
        "symbol table": "line 4: RUN CGO_ENABLED=0 go build     -o /app .",
        "debug records": "line 4: RUN CGO_ENABLED=0 go build     -o /app .",
        "code of the program": "",
    }


def test_what_the_final_image_adds_is_decided_by_the_line_that_brought_it() -> None:
    final = image([(PartKind.CODE, 0, 2_600), (PartKind.OTHER, 0, 200)], name="multi")
    assert decided(make_waterfall(BUILDER, final, TWO_STAGES))["other files"] == (
        "line 8: COPY --from=builder /app /app"
    )


def test_an_image_not_of_this_dockerfile_is_explained_by_the_histories() -> None:
    other = image([(PartKind.CODE, 0, 2_600), (PartKind.BASE, 0, 9_000)], ("ADD rootfs in /",), name="alpine")
    waterfall = make_waterfall(BUILDER, other, TWO_STAGES)
    assert not waterfall.is_own
    told = decided(waterfall)
    assert told["base system"] == "ADD rootfs in /"
    assert told["build cache"] == "RUN CGO_ENABLED=0 go build -o /app ."


def test_an_empty_image_has_no_shares() -> None:
    empty: ImageAnatomy = image([], (), name="empty")
    assert make_waterfall(empty, empty).steps == ()
