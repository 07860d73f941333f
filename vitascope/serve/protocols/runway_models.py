"""Runway's models: the sizes, lengths and inputs that each takes, and how well it is made here."""

from dataclasses import dataclass

from vitascope.shot.shot import Quality

Ratios = tuple[str, ...]
WIDE: Ratios = ("1280:720", "720:1280")
FULL: Ratios = ("1920:1080", "1080:1920")
GEN4: Ratios = (*WIDE, "1104:832", "960:960", "832:1104", "1584:672")
KLING_STANDARD: Ratios = (*WIDE, "960:960")
KLING_PRO: Ratios = (*FULL, "1440:1440")
KLING_4K: Ratios = ("3840:2160", "2160:3840", "2880:2880")
SEED_720: Ratios = ("1470:630", "1280:720", "1112:834", "960:960", "834:1112", "720:1280")
SEED_480: Ratios = ("992:432", "864:496", "752:560", "640:640", "560:752", "496:864")
SEED_1080: Ratios = ("2206:946", "1920:1080", "1664:1248", "1440:1440", "1248:1664", "1080:1920")
SEED_4K: Ratios = ("3840:1646", "3840:2160", "3840:2880", "3840:3840", "2880:3840", "2160:3840")
SEED_25: Ratios = ("992:432", "854:480", "752:560", "640:640", "560:752", "480:854", *SEED_720, *SEED_1080)
WAN: Ratios = (
    *("832:480", "720:544", "624:624", "544:720", "480:832", "1280:720", "1104:832", "960:960", "832:1104"),
    *("720:1280", "1920:1080", "1648:1248", "1440:1440", "1248:1648", "1080:1920"),
    *("auto_480p", "auto_720p", "auto_1080p"),
)
HORSE: Ratios = (
    *("1280:720", "720:1280", "960:960", "1108:832", "832:1108", "1920:1080", "1080:1920", "1440:1440"),
    *("1662:1248", "1248:1662"),
)
GEMINI: Ratios = ("640:360", "360:640", *WIDE, *FULL, "3840:2160", "2160:3840")
GROK: Ratios = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3")
GROK_LITE: Ratios = (
    *("848:480", "480:848", "480:480", "640:480", "480:640", "720:480", "480:720", "1280:720", "720:1280", "720:720"),
    *("960:720", "720:960", "1088:720", "720:1088", "1904:1072", "1072:1904", "1424:1424", "1648:1232", "1232:1648"),
    *("1744:1152", "1152:1744"),
)
SHAPES: Ratios = ("adaptive", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16")
AUTO: Ratios = ("auto_480p", "auto_720p", "auto_1080p")


def _whole(least: int, most: int) -> tuple[int, ...]:
    return tuple(range(least, most + 1))


@dataclass(frozen=True)
class VideoModel:
    """What a model takes. `text` and `image` are its ratios at these endpoints: None where it is not offered there, and
    none of them where the frame has the picture's shape."""

    text: Ratios | None
    image: Ratios | None
    quality: Quality = "best"
    seconds: tuple[int, ...] = _whole(1, 15)  # empty: any
    default: int | None = 5  # seconds; None: they have to be given
    ratio: bool = False  # whether it has to be given
    prompt: bool = False  # whether it has to be given with a picture
    last: bool = True  # whether the last frame may be given
    loose: bool = False  # whether pictures may stand at no place (as references), and the last frame alone
    audio: bool = False  # whether there is sound if nothing is said of it
    resolutions: tuple[str, ...] = ()
    lines: int = 720  # of the frame's size where nothing says it
    most: int = 2500  # UTF-16 units of the prompt


VIDEO: dict[str, VideoModel] = {
    "gen4.5": VideoModel(
        WIDE, GEN4, seconds=_whole(2, 10), default=None, ratio=True, prompt=True, last=False, most=1000
    ),
    "gen4_turbo": VideoModel(None, GEN4, "fast", _whole(2, 10), 10, ratio=True, last=False, most=1000),
    "veo3.1": VideoModel((*WIDE, *FULL), (*WIDE, *FULL), "best", (4, 6, 8), 8, ratio=True, audio=True, most=1000),
    "veo3.1_fast": VideoModel((*WIDE, *FULL), (*WIDE, *FULL), "fast", (4, 6, 8), 8, ratio=True, audio=True, most=1000),
    "kling2.5_turbo_pro": VideoModel(
        (*FULL, "1440:1440", *WIDE, "720:720"), (), "fast", (5, 10), prompt=True, lines=1080
    ),
    "kling3.0_standard": VideoModel(KLING_STANDARD, KLING_STANDARD, "fast", _whole(3, 15)),
    "kling3.0_pro": VideoModel(KLING_PRO, KLING_PRO, "best", _whole(3, 15), lines=1080),
    "kling3.0_4k": VideoModel(KLING_4K, KLING_4K, "best", _whole(3, 15), lines=2160),
    "klingO3_standard": VideoModel(KLING_STANDARD, KLING_STANDARD, "fast", _whole(3, 15)),
    "klingO3_pro": VideoModel(KLING_PRO, KLING_PRO, "best", _whole(3, 15), lines=1080),
    "klingO3_4k": VideoModel(KLING_4K, KLING_4K, "best", _whole(3, 15), lines=2160),
    "kling_4": VideoModel((*WIDE, "940:940", "1460:624", *FULL, "1440:1440", "2200:940", *AUTO[1:]), AUTO[1:],
                          seconds=_whole(3, 15), loose=True),
    "seedance2": VideoModel((*SEED_480, *SEED_720, *SEED_1080, *SEED_4K), (*SEED_480, *SEED_720, *SEED_1080, *SEED_4K),
                            seconds=_whole(4, 15), loose=True, audio=True),
    "seedance2_fast": VideoModel((*SEED_480, *SEED_720), (*SEED_480, *SEED_720), "fast", _whole(4, 15), loose=True,
                                 audio=True),
    "seedance2_mini": VideoModel((*SEED_480, *SEED_720), (*SEED_480, *SEED_720), "fast", _whole(4, 15), loose=True,
                                 audio=True),
    "seedance2_5": VideoModel(SEED_25, SEED_25, seconds=_whole(4, 30), loose=True, audio=True, most=15000),
    "wan3": VideoModel(WAN, WAN, prompt=True, loose=True, audio=True),
    "wan3_prime": VideoModel(WAN, WAN, prompt=True, loose=True, audio=True),
    "hailuo3": VideoModel(SHAPES, SHAPES, prompt=True, loose=True, resolutions=("768p", "2k"), lines=768),
    "happyhorse_1_0": VideoModel(HORSE, (), last=False, resolutions=("720p", "1080p")),
    "h3_max": VideoModel((), (), prompt=True, resolutions=("480p", "768p"), lines=768),
    "grok_imagine_1_5": VideoModel(GROK, (), last=False, resolutions=("480p", "720p", "1080p")),
    "grok_imagine_1_5_lite": VideoModel(GROK_LITE, AUTO, "fast", last=False),
    "gemini_omni_flash": VideoModel(WIDE, WIDE, "fast", last=False),
    "gemini_omni_flash_1.1": VideoModel(GEMINI, GEMINI, "fast", prompt=True),
}  # fmt: skip
OURS = VideoModel((), (), seconds=(), ratio=False, loose=True, most=2000)  # a model of our own: any size and length
AUTO_SECONDS = ("seedance2", "seedance2_fast", "seedance2_mini", "seedance2_5", "gemini_omni_flash_1.1")


@dataclass(frozen=True)
class EditModel:
    """What a model does with a film: `film` is the field that holds it, `modes` what it may be asked for, the usual
    first."""

    film: str = "videoUri"
    modes: tuple[str, ...] = ("edit",)
    quality: Quality = "best"
    prompt: bool = True  # whether it has to be given
    keyframes: bool = False  # and another shape of the frame
    keeps_sound: bool = True


EDITS: dict[str, EditModel] = {
    "aleph2": EditModel(prompt=False, keyframes=True),
    "gen4_aleph": EditModel(),
    "klingO3_standard": EditModel("promptVideo", quality="fast"),
    "klingO3_pro": EditModel("promptVideo"),
    "klingO3_4k": EditModel("promptVideo"),
    "kling_4": EditModel(),
    "seedance2": EditModel("promptVideo", ("reference",), prompt=False),
    "seedance2_fast": EditModel("promptVideo", ("reference",), "fast", prompt=False),
    "seedance2_mini": EditModel("promptVideo", ("reference",), "fast", prompt=False),
    "seedance2_5": EditModel("promptVideo", ("reference", "extend", "edit"), prompt=False),
    "hailuo3": EditModel("promptVideo", ("reference",)),
    "gemini_omni_flash": EditModel(quality="fast"),
    "gemini_omni_flash_1.1": EditModel(modes=("edit", "reference", "extend"), quality="fast"),
}
OUR_EDITS = EditModel(modes=("edit", "reference", "extend"), prompt=False, keyframes=True)

GEN4_IMAGE: Ratios = (
    *("1024:1024", "1080:1080", "1168:880", "1360:768", "1440:1080", "1080:1440", "1808:768", "1920:1080"),
    *("1080:1920", "2112:912", "1280:720", "720:1280", "720:720", "960:720", "720:960", "1680:720"),
)
IMAGES: dict[str, Quality] = {  # of the others, any size is taken that can be made
    "gen4_image": "best", "gen4_image_turbo": "fast", "gpt_image_2": "best", "gpt_image_2_5_flare": "fast",
    "gpt_image_2_5_sunburst": "best", "gemini_2.5_flash": "fast", "gemini_image3.1_flash": "fast",
    "gemini_image3.1_flash_lite": "fast", "gemini_image3_pro": "best", "nano_banana_2.1": "best", "muse_image": "best",
    "seedream5_pro": "best", "seedream5_lite": "fast", "seedream5_flash": "fast", "grok_imagine_image_2": "best",
    "ideogram_4_0": "best", "ideogram_4_5": "best", "bria_fibo_1_5": "best", "recraft_v4_1_flash": "fast",
}  # fmt: skip
RATES = {
    "24": 24.0, "25": 25.0, "30": 30.0, "48": 48.0, "50": 50.0, "60": 60.0, "120": 120.0,
    "23_98": 24000 / 1001, "29_97": 30000 / 1001, "59_94": 60000 / 1001,
}  # fmt: skip
