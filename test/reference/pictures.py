"""Writes one small picture as PNGs of several kinds, and the gray levels each must be read as, with the standard library
only: python test/reference/pictures.py. Levels follow Pillow's convert("L")."""
import json
import pathlib
import random
import struct
import zlib

W, H = 11, 7
OUT = pathlib.Path(__file__).parent / "pictures"
random.seed(20241002)
RGB = [[tuple(random.randrange(256) for _ in range(3)) for _ in range(W)] for _ in range(H)]
luma = lambda r, g, b: (19595 * r + 38470 * g + 7471 * b + 32768) >> 16


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def filtered(rows, bpp):
    """Rows of bytes behind a filter byte; the filters 0 to 4 take turns."""
    out, before = b"", None
    for y, row in enumerate(rows):
        kind = y % 5
        up = before or bytes(len(row))
        line = bytearray()
        for x, value in enumerate(row):
            a, b, c = (row[x - bpp] if x >= bpp else 0), up[x], (up[x - bpp] if x >= bpp else 0)
            guess = [0, a, b, (a + b) // 2, paeth(a, b, c)][kind]
            line.append((value - guess) % 256)
        out += bytes([kind]) + bytes(line)
        before = row
    return out


def png(name, colour, depth, pixels, extra=b"", interlace=0):
    """`pixels` are rows of tuples of samples."""
    def packed(row):
        bits = "".join(format(sample, f"0{depth}b") for pixel in row for sample in pixel)
        bits += "0" * (-len(bits) % 8)
        return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))

    bpp = max(1, depth * len(pixels[0][0]) // 8)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [[row[x::dx] for row in pixels[y::dy]] for x, y, dx, dy in passes] if interlace else [pixels]
    data = b"".join(filtered([packed(row) for row in part], bpp) for part in parts if part and part[0])
    squeezed = zlib.compress(data)
    header = struct.pack(">IIBBBBB", W, H, depth, colour, 0, 0, interlace)
    body = chunk(b"IHDR", header) + chunk(b"tEXt", b"Title\0small") + extra
    body += chunk(b"IDAT", squeezed[:50]) + chunk(b"IDAT", squeezed[50:]) + chunk(b"IEND", b"")
    (OUT / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)


alpha = lambda x, y: (x * 23 + y * 7) % 256
gray = [[luma(*p) for p in row] for row in RGB]
expected = {}
png("rgb", 2, 8, RGB)
expected["rgb"] = gray
png("rgba", 6, 8, [[(*p, alpha(x, y)) for x, p in enumerate(row)] for y, row in enumerate(RGB)])
expected["rgba"] = gray
png("interlaced", 6, 8, [[(*p, 255) for p in row] for row in RGB], interlace=1)
expected["interlaced"] = gray
png("gray", 0, 8, [[(g,) for g in row] for row in gray])
expected["gray"] = gray
png("gray-alpha", 4, 8, [[(g, alpha(x, y)) for x, g in enumerate(row)] for y, row in enumerate(gray)])
expected["gray-alpha"] = gray
png("gray16", 0, 16, [[(g * 256 + 77,) for g in row] for row in gray])
expected["gray16"] = gray
png("rgb16", 2, 16, [[tuple(v * 256 + 200 for v in p) for p in row] for row in RGB])
expected["rgb16"] = gray
for depth in (1, 2, 4):
    png(f"gray{depth}", 0, depth, [[(g >> (8 - depth),) for g in row] for row in gray])
    expected[f"gray{depth}"] = [[(g >> (8 - depth)) * 255 // (2**depth - 1) for g in row] for row in gray]
palette = [p for row in RGB for p in row]
colours = chunk(b"PLTE", bytes(v for p in palette for v in p)) + chunk(b"tRNS", bytes(range(20)))
png("palette", 3, 8, [[(y * W + x,) for x in range(W)] for y in range(H)], colours)
expected["palette"] = gray
few = chunk(b"PLTE", bytes(v for p in palette[:4] for v in p))
png("palette2", 3, 2, [[((x * y) % 4,) for x in range(W)] for y in range(H)], few)
expected["palette2"] = [[luma(*palette[(x * y) % 4]) for x in range(W)] for y in range(H)]
(OUT / "levels.json").write_text(json.dumps(expected) + "\n")
