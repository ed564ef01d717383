"""Reads, shrinks and writes PNG pictures with Python's own library: honest work for a processor."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type: grey, RGB, grey with alpha, RGBA


def read(data):
    """(rows, channels): each row a bytearray of samples. 8 bits a sample, not interlaced."""
    if not data.startswith(SIGNATURE):
        raise ValueError("not a PNG picture")
    width = height = channels = 0
    packed, at = b"", len(SIGNATURE)
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        at += length + 12
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            if depth != 8 or colour not in CHANNELS or interlaced:
                raise ValueError("only PNG pictures with 8 bits a sample, not interlaced, without a palette")
            channels = CHANNELS[colour]
        elif kind == b"IDAT":
            packed += body
    raw, size = zlib.decompress(packed), width * channels
    rows, above = [], bytearray(size)
    for number in range(height):
        begin = number * (size + 1)
        above = unfilter(raw[begin], bytearray(raw[begin + 1 : begin + 1 + size]), above, channels)
        rows.append(above)
    return rows, channels


def unfilter(kind, row, above, step):
    """One row as it was before it was packed. Source: PNG specification, filter types 0 to 4."""
    for at in range(len(row)):
        left = row[at - step] if at >= step else 0
        if kind == 1:
            row[at] = row[at] + left & 255
        elif kind == 2:
            row[at] = row[at] + above[at] & 255
        elif kind == 3:
            row[at] = row[at] + (left + above[at]) // 2 & 255
        elif kind == 4:
            corner = above[at - step] if at >= step else 0
            row[at] = row[at] + paeth(left, above[at], corner) & 255
    return row


def paeth(left, above, corner):
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


def shrink(rows, channels, width):
    """The picture at a smaller width: each new sample is the mean of those it stands for."""
    step = max(1, len(rows[0]) // channels // width)
    small = []
    for top in range(0, len(rows) - step + 1, step):
        block, row = rows[top : top + step], bytearray()
        for left in range(0, len(rows[0]) - step * channels + 1, step * channels):
            for channel in range(channels):
                samples = [s for one in block for s in one[left + channel : left + step * channels : channels]]
                row.append(sum(samples) // len(samples))
        small.append(row)
    return small


def write(rows, channels):
    """A PNG picture from rows of samples."""
    colour = next(kind for kind, count in CHANNELS.items() if count == channels)
    header = struct.pack(">IIBBBBB", len(rows[0]) // channels, len(rows), 8, colour, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
