package dev.nacelle.file;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damages files: blindly, byte by byte, or so that the syntax stays and the meaning goes. */
public final class Mutator {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final List<String> STRINGS =
      List.of("", "F32", "BF16", "F4", "U8", "x", "../x", "\u0000", "a\nb", "é", "null", "-1");
  private static final long[] NUMBERS = {
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    -1,
    255,
    1 << 20,
    Integer.MAX_VALUE,
    1L << 31,
    1L << 40,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  private final Random random;
  private final ObjectMapper mapper = new ObjectMapper();

  public Mutator(long seed) {
    random = new Random(seed);
  }

  public Random random() {
    return random;
  }

  /** Flips, overwrites, cuts, doubles or drops some bytes. */
  public byte[] bytes(byte[] original) {
    byte[] out = original.clone();
    for (int i = random.nextInt(4); i >= 0; i--) {
      if (out.length == 0) {
        return out;
      }
      int at = random.nextInt(out.length);
      int n = 1 + random.nextInt(Math.min(16, out.length - at));
      switch (random.nextInt(6)) {
        case 0 -> out[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> out[at] = (byte) random.nextInt(256);
        case 2 -> Arrays.fill(out, at, at + n, (byte) (random.nextBoolean() ? 0 : 0xff));
        case 3 -> out = Arrays.copyOf(out, at);
        case 4 -> out = join(Arrays.copyOf(out, at + n), Arrays.copyOfRange(out, at, out.length));
        default -> out = join(Arrays.copyOf(out, at), Arrays.copyOfRange(out, at + n, out.length));
      }
    }
    return out;
  }

  private static byte[] join(byte[] a, byte[] b) {
    byte[] out = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, out, a.length, b.length);
    return out;
  }

  /** Overwrites little-endian numbers at known places with numbers that hurt. */
  public byte[] numbers(byte[] original, List<int[]> offsetsAndSizes) {
    ByteBuffer out = ByteBuffer.wrap(original.clone()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = random.nextInt(2); i >= 0; i--) {
      int[] place = offsetsAndSizes.get(random.nextInt(offsetsAndSizes.size()));
      boolean wide = place[1] == 8;
      long old = wide ? out.getLong(place[0]) : out.getInt(place[0]);
      long value = hurting(old);
      if (wide) {
        out.putLong(place[0], value);
      } else {
        out.putInt(place[0], (int) value);
      }
    }
    return out.array();
  }

  private long hurting(long old) {
    return switch (random.nextInt(5)) {
      case 0 -> old + 1;
      case 1 -> old - 1;
      case 2 -> old * 2;
      case 3 -> random.nextInt(64);
      default -> NUMBERS[random.nextInt(NUMBERS.length)];
    };
  }

  /** Another tree of the same kind: values changed, fields dropped, doubled or renamed. */
  public JsonNode json(JsonNode original) {
    JsonNode out = original.deepCopy();
    for (int i = random.nextInt(3); i >= 0; i--) {
      List<JsonNode> containers = new ArrayList<>();
      collect(out, containers);
      JsonNode container = containers.get(random.nextInt(containers.size()));
      if (container instanceof ObjectNode object && !object.isEmpty()) {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        String name = names.get(random.nextInt(names.size()));
        switch (random.nextInt(6)) {
          case 0 -> object.remove(name);
          case 1 -> object.set(STRINGS.get(random.nextInt(STRINGS.size())), object.get(name));
          default -> object.set(name, value(object.get(name)));
        }
      } else if (container instanceof ArrayNode array && !array.isEmpty()) {
        int at = random.nextInt(array.size());
        switch (random.nextInt(4)) {
          case 0 -> array.remove(at);
          case 1 -> array.add(value(array.get(at)));
          default -> array.set(at, value(array.get(at)));
        }
      }
    }
    return out;
  }

  /** The bytes of a tree. */
  public byte[] write(JsonNode node) {
    try {
      return mapper.writeValueAsBytes(node);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private JsonNode value(JsonNode old) {
    if (old.isIntegralNumber() && random.nextInt(3) > 0) {
      return NODES.numberNode(hurting(old.longValue()));
    }
    return switch (random.nextInt(9)) {
      case 0 -> NODES.nullNode();
      case 1 -> NODES.booleanNode(random.nextBoolean());
      case 2 -> NODES.numberNode(NUMBERS[random.nextInt(NUMBERS.length)]);
      case 3 -> NODES.numberNode(random.nextGaussian());
      case 4 -> NODES.textNode(STRINGS.get(random.nextInt(STRINGS.size())));
      case 5 -> NODES.arrayNode().add(old.deepCopy());
      case 6 -> NODES.objectNode().set("factor", old.deepCopy());
      case 7 -> NODES.numberNode(BigInteger.ONE.shiftLeft(64 + random.nextInt(200)));
      default -> NODES.numberNode(1e300);
    };
  }

  private static void collect(JsonNode node, List<JsonNode> containers) {
    if (node.isContainerNode()) {
      containers.add(node);
      for (JsonNode child : node) {
        collect(child, containers);
      }
    }
  }
}
