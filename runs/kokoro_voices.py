"""Pack Kokoro's English voices for Vitascope: python runs/kokoro_voices.py FOLDER, where FOLDER is `voices/` of the npm
package kokoro-js 1.2.1 (unpacked).

A voice is a table of 510 styles of 256 numbers, one for each length of what is said. Its rows change slowly, so that
twelve of its singular vectors hold it to 5e-5: 36 kB instead of 522 kB.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

RANK = 12
WORST = 5e-5  # of any number; they lie within about 1
TARGET = Path(__file__).resolve().parents[1] / "vitascope" / "weights" / "sound" / "voices"


def main() -> None:
    packed = {}
    for path in sorted(Path(sys.argv[1]).glob("[ab][fm]_*.bin")):
        table = np.fromfile(path, np.float32).reshape(510, 256).astype(np.float64)
        u, s, v = np.linalg.svd(table, full_matrices=False)
        rows = (u[:, :RANK] * np.sqrt(s[:RANK])).astype(np.float32)
        columns = (np.sqrt(s[:RANK])[:, None] * v[:RANK]).astype(np.float32)
        if (worst := np.abs(rows @ columns - table).max()) > WORST:
            raise SystemExit(f"{path.name} would be {worst:.1e} off, more than {WORST:.0e}")
        packed[f"{path.stem}.rows"], packed[f"{path.stem}.columns"] = rows, columns
    TARGET.mkdir(parents=True, exist_ok=True)
    save_file(packed, TARGET / "voices.safetensors")
    digest = hashlib.sha256((TARGET / "voices.safetensors").read_bytes()).hexdigest()
    (TARGET / "SHA256SUMS").write_text(f"{digest}  voices.safetensors\n")
    print(f"{len(packed) // 2} voices, {(TARGET / 'voices.safetensors').stat().st_size} bytes, {digest}")


if __name__ == "__main__":
    main()
