"""People move like people: feet stay where they stand, limbs keep their lengths, flights fall with g, hands meet."""

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from vitascope.world.acting import GRAVITY, act
from vitascope.world.contact import Contact
from vitascope.world.figure import BROW_TILT, LIDS, OPEN, SMILE, Bones, heading
from vitascope.world.people import Bone, build, measures
from vitascope.world.scene import Expression, Person, PersonAction
from vitascope.world.solids import BOX, CAPSULE, CYLINDER

ACTIONS: tuple[PersonAction, ...] = get_args(PersonAction)
EXPRESSIONS: tuple[Expression, ...] = get_args(Expression)
WOMAN = Person(who="woman", height=1.68, phase=0.3)
MAN = Person(who="man", height=1.86, phase=0.8, facing=90.0)
GIRL = Person(who="girl", height=1.05, phase=0.55, facing=-60.0, position=(1.0, 2.0))
FPS = 60.0
LIMBS = (  # two bones each, from the joint where the first begins to the one where the second ends
    (Bone.THIGH_L, Bone.SHIN_L, Bone.FOOT_L),
    (Bone.THIGH_R, Bone.SHIN_R, Bone.FOOT_R),
    (Bone.ARM_L, Bone.FOREARM_L, Bone.HAND_L),
    (Bone.ARM_R, Bone.FOREARM_R, Bone.HAND_R),
)


def doing(
    person: Person, action: PersonAction, seconds: float = 3.0, fps: float = FPS
) -> tuple[NDArray[np.float64], Bones, tuple[Contact, ...]]:
    times = np.arange(round(seconds * fps)) / fps
    return times, *act(person.model_copy(update={"action": action}), times)


def soles(person: Person, bones: Bones) -> NDArray[np.float64]:
    """Where the lowest points below heel and toes of both feet are. [T, 4, 3]"""
    m = measures(person)
    points = []
    for foot in (Bone.FOOT_L, Bone.FOOT_R):
        for x in (-m.heel, m.toe):
            ball = bones.position[:, foot] + bones.rotation[:, foot] @ np.array((x, 0.0, m.sole - m.ankle))
            points.append(ball - (0.0, 0.0, m.sole))
    return np.stack(points, axis=1)


SLOW = Person(who="man", height=2.1, speed=0.5)
FAST = Person(who="girl", height=0.9, speed=4.0)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("person", [WOMAN, MAN, GIRL, SLOW, FAST])
def test_what_stands_on_the_ground_does_not_slide(person: Person, action: PersonAction) -> None:
    _, bones, _ = doing(person, action)
    points = soles(person, bones)
    assert points[..., 2].min() > -0.002
    stands = points[..., 2] < 0.001
    assert stands.any()
    for k in range(4):
        start = None
        for i, down in enumerate(stands[:, k]):
            start = (i if start is None else start) if down else None
            if start is not None:
                assert np.hypot(*(points[i, k] - points[start, k])[:2]) < 0.01, (action, k, i)


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_sinks_into_the_ground(action: PersonAction) -> None:
    for person in (WOMAN, GIRL):
        _, bones, _ = doing(person, action, fps=24.0)
        figure = build(person, np.random.default_rng(0))
        position, rotation = figure.posed(bones)
        a, b, _ = figure.size.T.astype(np.float64)
        up = np.abs(rotation[..., 2, :])  # the part's axes along the world's up
        reach = np.sqrt(((up * figure.size) ** 2).sum(-1))
        reach = np.where(figure.kind == CAPSULE, a + b * up[..., 2], reach)
        reach = np.where(figure.kind == CYLINDER, b * up[..., 2] + a * np.hypot(up[..., 0], up[..., 1]), reach)
        reach = np.where(figure.kind == BOX, (up * figure.size).sum(-1), reach)
        assert (position[..., 2] - reach).min() > -0.003


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("person", [WOMAN, MAN, GIRL])
def test_bones_keep_their_lengths(person: Person, action: PersonAction) -> None:
    m = measures(person)
    _, bones, _ = doing(person, action)
    lengths = {
        (Bone.THIGH_L, Bone.SHIN_L): m.thigh,
        (Bone.SHIN_L, Bone.FOOT_L): m.shin,
        (Bone.THIGH_R, Bone.SHIN_R): m.thigh,
        (Bone.SHIN_R, Bone.FOOT_R): m.shin,
        (Bone.ARM_L, Bone.FOREARM_L): m.upper_arm,
        (Bone.FOREARM_L, Bone.HAND_L): m.forearm,
        (Bone.ARM_R, Bone.FOREARM_R): m.upper_arm,
        (Bone.FOREARM_R, Bone.HAND_R): m.forearm,
        (Bone.PELVIS, Bone.CHEST): m.waist,
        (Bone.CHEST, Bone.HEAD): m.neck,
        (Bone.THIGH_L, Bone.THIGH_R): 2 * m.hips,
        (Bone.ARM_L, Bone.ARM_R): 2 * m.shoulders,
    }
    for (a, b), length in lengths.items():
        gap = np.linalg.norm(bones.position[:, b] - bones.position[:, a], axis=-1)
        np.testing.assert_allclose(gap, length, rtol=1e-3, err_msg=f"{a.name} to {b.name}")
    turned = bones.rotation @ np.swapaxes(bones.rotation, -1, -2)
    np.testing.assert_allclose(turned, np.broadcast_to(np.eye(3), turned.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(bones.rotation), 1.0)


@pytest.mark.parametrize("action", ACTIONS)
def test_knees_bend_forwards_and_elbows_backwards(action: PersonAction) -> None:
    for person in (WOMAN, GIRL):
        _, bones, _ = doing(person, action)
        forward = bones.rotation[:, Bone.PELVIS, :, 0]
        for upper, lower, end in LIMBS:
            root, joint, tip = (bones.position[:, bone] for bone in (upper, lower, end))
            way = (tip - root) / np.linalg.norm(tip - root, axis=-1, keepdims=True)
            out = joint - root - ((joint - root) * way).sum(-1, keepdims=True) * way  # from the straight line
            if upper in (Bone.THIGH_L, Bone.THIGH_R):
                assert (out * forward).sum(-1).min() > -1e-6
            # The second bone is bent about the joint's hinge alone, in the way that it can be, and not through itself.
            second = -np.einsum("tji,tj->ti", bones.rotation[:, upper], bones.rotation[:, lower, :, 2])
            assert np.abs(second[:, 1]).max() < 1e-6
            bent = second[:, 0] if upper in (Bone.ARM_L, Bone.ARM_R) else -second[:, 0]
            assert bent.min() > -1e-6
            assert second[:, 2].max() < 0.9


@pytest.mark.parametrize("action", ACTIONS)
def test_motion_is_smooth(action: PersonAction) -> None:
    """No joint leaps: at 240 frames a second no speed changes by more than a hard stop's."""
    for person in (MAN, GIRL):
        _, bones, _ = doing(person, action, seconds=4.2, fps=240.0)
        speed = np.diff(bones.position, axis=0) * 240.0
        assert np.linalg.norm(speed, axis=-1).max() < 11.0
        assert np.linalg.norm(np.diff(speed, axis=0), axis=-1).max() < 4.0


@pytest.mark.parametrize("person", [WOMAN, MAN, GIRL])
def test_walkers_go_along_their_facing_and_are_in_place_in_the_middle(person: Person) -> None:
    for action, usual in (("walk", 1.3), ("run", 3.0)):
        times, bones, _ = doing(person, action, seconds=2.0)  # type: ignore[arg-type]
        pelvis = bones.position[:, Bone.PELVIS]
        way = heading(person.facing)[:, 0]
        gone = (pelvis[-1] - pelvis[0]) @ way / (times[-1] - times[0])
        assert gone == pytest.approx(usual * person.height / 1.7, rel=0.02)
        middle = 0.5 * (pelvis[len(times) // 2] + pelvis[len(times) // 2 - 1])
        np.testing.assert_allclose(middle[:2], person.position, atol=0.05)


def test_speed_is_the_one_asked_for() -> None:
    times, bones, _ = doing(WOMAN.model_copy(update={"speed": 2.0, "facing": 90.0}), "walk")
    x = bones.position[:, Bone.PELVIS, 0]
    assert (x[-1] - x[0]) / (times[-1] - times[0]) == pytest.approx(2.0, rel=0.01)


def test_runners_fly_and_walkers_do_not() -> None:
    for person in (WOMAN, MAN, GIRL):
        _, bones, _ = doing(person, "run")
        low = soles(person, bones)[..., 2].min(axis=1)
        assert 0.1 < (low > 0.008).mean() < 0.5
        _, bones, _ = doing(person, "walk")
        assert soles(person, bones)[..., 2].min(axis=1).max() < 0.003


def test_the_pelvis_of_a_walker_bobs_twice_a_cycle_and_arms_swing_against_the_legs() -> None:
    for action in ("walk", "run"):
        _, bones, _ = doing(WOMAN.model_copy(update={"facing": 90.0}), action)  # type: ignore[arg-type]
        z = bones.position[:, Bone.PELVIS, 2]
        assert 0.015 < np.ptp(z) < 0.12
        x = bones.position[..., 0] - bones.position[:, Bone.PELVIS, None, 0]
        assert np.corrcoef(x[:, Bone.HAND_L], x[:, Bone.FOOT_L])[0, 1] < -0.6
        assert np.corrcoef(x[:, Bone.HAND_L], x[:, Bone.HAND_R])[0, 1] < -0.6
        assert np.ptp(x[:, Bone.HAND_L]) > 0.25


def test_steps_are_heard_when_and_where_feet_come_down() -> None:
    for person in (WOMAN, MAN, GIRL):
        for action in ("walk", "run"):
            times, bones, heard = doing(person, action)  # type: ignore[arg-type]
            points = soles(person, bones)
            assert len(heard) >= 5
            for step in heard:
                assert step.kind == "footstep"
                assert times[0] <= step.time <= times[-1] + 1e-9
                i = round(step.time * FPS)
                if 3 < i < len(times) - 3:
                    gap = np.hypot(*(points[i, :, :2] - step.point[:2]).T)
                    near = int(gap.argmin())
                    assert gap[near] < 0.2
                    foot = slice(2 * (near // 2), 2 * (near // 2) + 2)
                    assert points[i + 1, foot, 2].min() < 0.004
                    assert points[i - 3, foot, 2].min() > 0.002


def test_a_jump_flies_on_a_parabola_and_lands_where_it_began() -> None:
    for person in (WOMAN, MAN, GIRL):
        fps = 240.0
        times, bones, heard = doing(person.model_copy(update={"phase": 0.0}), "jump", seconds=2.0, fps=fps)
        person = person.model_copy(update={"phase": 0.0})
        air = soles(person, bones)[..., 2].min(axis=1) > 0.002
        z = bones.position[:, Bone.PELVIS, 2]
        flight = np.flatnonzero(air)
        assert (np.diff(flight) == 1).all()
        inside = flight[3:-3]
        fall = np.polyfit(times[inside], z[inside], 2)[0]
        assert -2.0 * fall == pytest.approx(GRAVITY, rel=0.02)
        assert soles(person, bones)[..., 2].min(axis=1).max() > 0.12 * person.height
        before, after = z[: flight[0]].min(), z[flight[-1] :].min()
        assert max(before, after) < z[0] - 0.07 * person.height  # crouches, and lands soft
        landing = [contact for contact in heard if contact.speed > 1.5]
        assert len(landing) == 1
        assert landing[0].time == pytest.approx(times[flight[-1]], abs=0.02)


def test_hands_meet_in_a_clap_and_are_heard() -> None:
    for person in (WOMAN, MAN, GIRL):
        m = measures(person)
        times, bones, heard = doing(person, "clap", fps=240.0)
        palms = [
            bones.position[:, hand] - 0.26 * m.hand * bones.rotation[:, hand, :, 2]
            for hand in (Bone.HAND_L, Bone.HAND_R)
        ]
        gap = np.linalg.norm(palms[0] - palms[1], axis=-1)
        assert gap.min() < 0.4 * m.hand
        assert gap.max() > 0.1 * person.height
        assert len(heard) >= 5
        for clap in heard:
            i = round(clap.time * 240.0)
            if i < len(times):
                assert gap[i] < 0.4 * m.hand
                np.testing.assert_allclose(clap.point, 0.5 * (palms[0] + palms[1])[i], atol=0.08)


def test_a_wave_is_a_raised_hand_that_swings() -> None:
    _, bones, _ = doing(WOMAN, "wave")
    hand, head = bones.position[:, Bone.HAND_R], bones.position[:, Bone.HEAD]
    assert (hand[:, 2] > head[:, 2]).all()
    across = hand[:, 0] - head[:, 0]
    assert np.ptp(across) > 0.1
    assert ((np.diff(np.sign(across - across.mean())) != 0).sum()) >= 8


def test_pointing_stretches_an_arm_and_one_finger() -> None:
    for facing in (0.0, 90.0, -90.0, 180.0):
        _, bones, _ = doing(WOMAN.model_copy(update={"facing": facing, "phase": 0.2}), "point", seconds=1.5)
        m = measures(WOMAN)
        arms = [
            (Bone.ARM_L, Bone.HAND_L, Bone.INDEX_L, Bone.FINGERS_L),
            (Bone.ARM_R, Bone.HAND_R, Bone.INDEX_R, Bone.FINGERS_R),
        ]
        arm, hand, index, fingers = max(arms, key=lambda bone: bones.position[:, bone[1], 2].mean())
        reach = bones.position[:, hand] - bones.position[:, arm]
        long = np.linalg.norm(reach, axis=-1)
        assert (long > 0.88 * (m.upper_arm + m.forearm)).all()
        way = reach / long[:, None]
        assert np.abs(way[:, 0]).min() > 0.6  # across the picture
        assert ((-bones.rotation[:, index, :, 2]) * way).sum(-1).min() > 0.85
        assert ((-bones.rotation[:, fingers, :, 2]) * way).sum(-1).max() < 0.3  # the others are closed


def test_a_bow_bends_at_the_hips_with_straight_legs() -> None:
    _, bones, _ = doing(WOMAN, "bow")
    m = measures(WOMAN)
    head = bones.position[:, Bone.HEAD, 2]
    assert head.min() < 0.75 * head.max()
    legs = np.linalg.norm(bones.position[:, Bone.THIGH_L] - bones.position[:, Bone.FOOT_L], axis=-1)
    assert legs[head.argmin()] > 0.96 * (m.thigh + m.shin)


def test_a_nod_tips_the_head_again_and_again() -> None:
    _, bones, _ = doing(WOMAN, "nod", seconds=3.4)
    down = bones.rotation[:, Bone.HEAD, 2, 0]  # how far the face points up
    assert np.ptp(down) > 0.3
    low = down < down.min() + 0.1
    assert (np.diff(low.astype(int)) == 1).sum() >= 3


def test_a_dance_keeps_its_beat() -> None:
    _, bones, _ = doing(MAN, "dance", seconds=4.0)
    now, later = bones.position[:120], bones.position[120:240]  # four beats of half a second
    np.testing.assert_allclose(now, later, atol=1e-6)
    z = bones.position[:, Bone.PELVIS, 2]
    spectrum = np.abs(np.fft.rfft(z - z.mean()))
    assert np.argmax(spectrum) / 4.0 == pytest.approx(2.0)  # beats a second
    assert np.ptp(bones.position[:, Bone.HAND_L, 2]) > 0.2


def test_talking_moves_the_mouth_while_speech_is_heard() -> None:
    times, bones, heard = doing(WOMAN, "talk", seconds=5.0)
    assert bones.face is not None
    mouth = bones.face[:, OPEN]
    spoken = np.zeros(len(times), np.bool_)
    for part in heard:
        assert part.kind == "speech"
        spoken |= (times >= part.time) & (times <= part.time + part.seconds)
    assert 0.5 < spoken.mean() < 0.97
    assert mouth[~spoken].max() < 0.05
    assert mouth[spoken].std() > 0.1
    still = doing(WOMAN, "stand", seconds=5.0)[1].face
    assert still is not None
    assert still[:, OPEN].max() < 0.05


def test_expressions_are_told_apart_and_blink() -> None:
    faces = {}
    for expression in EXPRESSIONS:
        face = doing(WOMAN.model_copy(update={"expression": expression}), "stand", seconds=8.0)[1].face
        assert face is not None
        faces[expression] = np.median(face, axis=0)
        closed = face[:, LIDS] < 0.2
        assert 2 <= (np.diff(closed.astype(int)) == 1).sum() <= 6
        assert closed.mean() < 0.15
    for a in EXPRESSIONS:
        for b in EXPRESSIONS:
            if a < b:
                assert np.linalg.norm(faces[a] - faces[b]) > 0.9, (a, b)
    assert faces["happy"][SMILE] > 0.7
    assert faces["sad"][SMILE] < -0.5 < 0.7 < faces["sad"][BROW_TILT]
    assert faces["angry"][BROW_TILT] < -0.7
    assert faces["surprised"][OPEN] > 0.5
    assert faces["surprised"][LIDS] > 1.2


def test_the_same_person_acts_the_same_and_phases_differ() -> None:
    for action in ACTIONS:
        _, one, heard = doing(WOMAN, action, seconds=1.0)
        _, two, again = doing(WOMAN, action, seconds=1.0)
        assert (one.position == two.position).all()
        assert one.face is not None and two.face is not None and (one.face == two.face).all()
        assert heard == again
        _, other, _ = doing(WOMAN.model_copy(update={"phase": 0.71}), action, seconds=1.0)
        assert np.abs(one.position - other.position).max() > 0.01


def test_one_moment_is_enough_and_none_is_refused() -> None:
    bones, _ = act(WOMAN, np.array([0.4]))
    assert bones.position.shape == (1, len(Bone), 3)
    with pytest.raises(ValueError, match="times must be"):
        act(WOMAN, np.zeros(0))
