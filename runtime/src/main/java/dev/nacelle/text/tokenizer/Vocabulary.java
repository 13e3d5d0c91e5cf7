package dev.nacelle.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Tokens and their ids: all spellings in one array of UTF-8, an offset an id, and an open hash
 * table of ids. About 18 bytes a token beside its spelling, where a map of strings takes over a
 * hundred.
 */
final class Vocabulary {
  /** Ids beyond this are a damaged file; the largest vocabularies have about 260,000. */
  static final int MAX_ID = (1 << 24) - 1;

  private final byte[] bytes;
  private final int[] offsets;
  private final int[] table;
  private final int count;

  private Vocabulary(byte[] bytes, int[] offsets, int[] table, int count) {
    this.bytes = bytes;
    this.offsets = offsets;
    this.table = table;
    this.count = count;
  }

  /** One more than the largest id. */
  int size() {
    return offsets.length - 1;
  }

  /** How many tokens there are; fewer than {@link #size} where ids are left out. */
  int count() {
    return count;
  }

  boolean has(int id) {
    return id >= 0 && id < size() && offsets[id] < offsets[id + 1];
  }

  String token(int id) {
    return new String(bytes, offsets[id], offsets[id + 1] - offsets[id], StandardCharsets.UTF_8);
  }

  int byteLength(int id) {
    return offsets[id + 1] - offsets[id];
  }

  byte byteAt(int id, int index) {
    return bytes[offsets[id] + index];
  }

  /** Order by spelling, then by id. */
  int compare(int a, int b) {
    int order =
        Arrays.compareUnsigned(
            bytes, offsets[a], offsets[a + 1], bytes, offsets[b], offsets[b + 1]);
    return order != 0 ? order : Integer.compare(a, b);
  }

  /** The id, or −1. */
  int find(String token) {
    byte[] utf8 = token.getBytes(StandardCharsets.UTF_8);
    return find(utf8, 0, utf8.length);
  }

  int find(byte[] token, int from, int to) {
    int mask = table.length - 1;
    int slot = hash(token, from, to) & mask;
    while (table[slot] != 0) {
      int id = table[slot] - 1;
      if (Arrays.equals(token, from, to, bytes, offsets[id], offsets[id + 1])) {
        return id;
      }
      slot = slot + 1 & mask;
    }
    return -1;
  }

  /** The id of the spellings of two tokens in a row, the second without its first bytes. */
  int findJoined(int left, int right, int skip) {
    int leftLength = byteLength(left);
    int rightLength = byteLength(right) - skip;
    if (rightLength < 0) {
      return -1;
    }
    byte[] joined = new byte[leftLength + rightLength];
    System.arraycopy(bytes, offsets[left], joined, 0, leftLength);
    System.arraycopy(bytes, offsets[right] + skip, joined, leftLength, rightLength);
    return find(joined, 0, joined.length);
  }

  private static int hash(byte[] token, int from, int to) {
    int h = 0x811c9dc5;
    for (int i = from; i < to; i++) {
      h = (h ^ token[i]) * 0x01000193;
    }
    h = (h ^ h >>> 15) * 0x2c1b3c6d;
    return h ^ h >>> 13;
  }

  /** Takes tokens in any order. */
  static final class Builder {
    private final boolean repeats;
    private byte[] bytes = new byte[1 << 12];
    private int used;
    private final Ints ends = new Ints(1 << 10);
    private final Ints ids = new Ints(1 << 10);

    /**
     * @param repeats whether a spelling may stand at several ids, the last of which it then has
     */
    Builder(boolean repeats) {
      this.repeats = repeats;
    }

    int count() {
      return ids.size();
    }

    void add(String token, int id) {
      if (id < 0 || id > MAX_ID) {
        throw Refusal.of("the id " + id + " of the token " + Refusal.quote(token) + " is no id");
      }
      String sound = Chars.withoutLoneSurrogates(token);
      int most = sound.length() * 3;
      if (bytes.length - used < most) {
        bytes = Arrays.copyOf(bytes, Math.max(used + most, used + (used >> 1)));
      }
      used = Utf8.encode(sound, 0, sound.length(), bytes, used);
      ends.add(used);
      ids.add(id);
    }

    Vocabulary build() {
      int n = ids.size();
      int size = 0;
      boolean inOrder = true;
      for (int i = 0; i < n; i++) {
        inOrder &= ids.get(i) == i;
        size = Math.max(size, ids.get(i) + 1);
      }
      int[] offsets = new int[size + 1];
      byte[] sorted;
      if (inOrder) {
        for (int i = 0; i < n; i++) {
          offsets[i + 1] = ends.get(i);
        }
        sorted = Arrays.copyOf(bytes, used);
      } else {
        sorted = sort(offsets);
      }
      Vocabulary built =
          new Vocabulary(
              sorted, offsets, new int[Integer.highestOneBit(Math.max(n, 2) * 2 - 1) << 1], n);
      for (int id = 0; id < size; id++) {
        if (offsets[id] < offsets[id + 1]) {
          enter(built, id);
        }
      }
      return built;
    }

    private byte[] sort(int[] offsets) {
      int size = offsets.length - 1;
      int[] entries = new int[size];
      for (int i = 0; i < ids.size(); i++) {
        int id = ids.get(i);
        if (entries[id] != 0) {
          throw Refusal.of("two tokens have the id " + id);
        }
        entries[id] = i + 1;
      }
      byte[] sorted = new byte[used];
      int at = 0;
      for (int id = 0; id < size; id++) {
        offsets[id] = at;
        int entry = entries[id] - 1;
        if (entry >= 0) {
          int from = entry == 0 ? 0 : ends.get(entry - 1);
          int length = ends.get(entry) - from;
          System.arraycopy(bytes, from, sorted, at, length);
          at += length;
        }
      }
      offsets[size] = at;
      return sorted;
    }

    private void enter(Vocabulary built, int id) {
      int[] table = built.table;
      int mask = table.length - 1;
      int from = built.offsets[id];
      int to = built.offsets[id + 1];
      int slot = hash(built.bytes, from, to) & mask;
      while (table[slot] != 0) {
        int other = table[slot] - 1;
        if (Arrays.equals(
            built.bytes, from, to, built.bytes, built.offsets[other], built.offsets[other + 1])) {
          if (!repeats) {
            throw Refusal.of("the token " + Refusal.quote(built.token(id)) + " is there twice");
          }
          break;
        }
        slot = slot + 1 & mask;
      }
      table[slot] = id + 1;
    }
  }
}
