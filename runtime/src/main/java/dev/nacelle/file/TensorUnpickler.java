package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.file.PickleValue.Bool;
import dev.nacelle.file.PickleValue.Dict;
import dev.nacelle.file.PickleValue.Global;
import dev.nacelle.file.PickleValue.Items;
import dev.nacelle.file.PickleValue.Mark;
import dev.nacelle.file.PickleValue.None;
import dev.nacelle.file.PickleValue.Storage;
import dev.nacelle.file.PickleValue.Tensor;
import dev.nacelle.file.PickleValue.Text;
import dev.nacelle.file.PickleValue.Tuple;
import dev.nacelle.file.PickleValue.Whole;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A machine for the pickles of tensors (protocols 2 to 5 of CPython's pickletools). It knows the
 * opcodes that torch.save writes and the globals of {@link PickleGlobal}; there is no way in which
 * it could call anything. Every opcode takes at least a byte and makes at most one value, so a
 * pickle of N bytes takes work and memory in proportion to N.
 */
final class TensorUnpickler {
  private final Path file;
  private final ByteBuffer in;
  private final List<PickleValue> stack = new ArrayList<>();
  private final Map<Long, PickleValue> memo = new HashMap<>();

  TensorUnpickler(Path file, byte[] pickle) {
    this.file = file;
    this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * What the pickle holds.
   *
   * @throws NacelleException of kind INPUT for an opcode or a global that no tensor needs, by name
   *     and place, and for whatever is malformed
   */
  Dict dict() {
    while (true) {
      int at = in.position();
      int opcode = take(1, "an opcode").get() & 0xff;
      if (opcode == '.') {
        if (pop() instanceof Dict dict && stack.isEmpty()) {
          return dict;
        }
        throw error("its pickle holds no dict of tensors");
      }
      run(opcode, at);
    }
  }

  private void run(int opcode, int at) {
    switch (opcode) {
      case 0x80 -> protocol(take(1, "the protocol").get());
      case 0x95 -> take(8, "a frame");
      case '(' -> push(new Mark());
      case 'N' -> push(new None());
      case 0x88 -> push(new Bool(true));
      case 0x89 -> push(new Bool(false));
      case 'K' -> push(new Whole(take(1, "a number").get() & 0xff));
      case 'M' -> push(new Whole(take(2, "a number").getShort() & 0xffff));
      case 'J' -> push(new Whole(take(4, "a number").getInt()));
      case 0x8a -> push(new Whole(whole(take(1, "a number").get() & 0xff)));
      case 'X' -> push(text(take(4, "a string").getInt() & 0xffffffffL));
      case 0x8c -> push(text(take(1, "a string").get() & 0xff));
      case ')' -> push(new Tuple(List.of()));
      case 't' -> push(new Tuple(toMark()));
      case 0x85 -> push(new Tuple(last(1)));
      case 0x86 -> push(new Tuple(last(2)));
      case 0x87 -> push(new Tuple(last(3)));
      case '}' -> push(new Dict());
      case ']' -> push(new Items());
      case 'a' -> append(last(1));
      case 'e' -> append(toMark());
      case 's' -> put(last(2));
      case 'u' -> put(toMark());
      case 'q' -> memo.put((long) (take(1, "a place").get() & 0xff), top());
      case 'r' -> memo.put(take(4, "a place").getInt() & 0xffffffffL, top());
      case 0x94 -> memo.put((long) memo.size(), top());
      case 'h' -> push(remembered(take(1, "a place").get() & 0xff));
      case 'j' -> push(remembered(take(4, "a place").getInt() & 0xffffffffL));
      case 'c' -> push(global(line(), line()));
      case 0x93 -> stackGlobal();
      case 'Q' -> push(storage(pop()));
      case 'R' -> reduce();
      case 'b' -> build();
      default ->
          throw error(
              "its pickle has opcode 0x%02x at byte %d, which no tensor needs"
                  .formatted(opcode, at));
    }
  }

  private void protocol(int number) {
    if (number < 2 || number > 5) {
      throw error("its pickle has protocol " + number + ", and 2 to 5 are read");
    }
  }

  private ByteBuffer take(int bytes, String what) {
    if (bytes > in.remaining()) {
      throw error("its pickle ends inside " + what);
    }
    ByteBuffer part = in.slice(in.position(), bytes).order(ByteOrder.LITTLE_ENDIAN);
    in.position(in.position() + bytes);
    return part;
  }

  /** A two's complement number of so many bytes, least significant first. */
  private long whole(int bytes) {
    ByteBuffer part = take(bytes, "a number");
    if (bytes > 8) {
      throw error("its pickle has a number of " + bytes + " bytes");
    }
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = i == bytes - 1 ? part.get(i) : (value << 8) | (part.get(i) & 0xff);
    }
    return value;
  }

  private Text text(long bytes) {
    if (bytes > in.remaining()) {
      throw error("its pickle ends inside a string");
    }
    try {
      return new Text(
          StandardCharsets.UTF_8.newDecoder().decode(take((int) bytes, "a string")).toString());
    } catch (CharacterCodingException e) {
      throw error("its pickle has a string that is no UTF-8");
    }
  }

  private String line() {
    StringBuilder text = new StringBuilder();
    while (true) {
      char c = (char) (take(1, "a name").get() & 0xff);
      if (c == '\n') {
        return text.toString();
      }
      text.append(c);
    }
  }

  private Global global(String module, String name) {
    PickleGlobal known = PickleGlobal.of(module, name);
    if (known == null) {
      throw error(
          "its pickle asks for "
              + Quoted.name(module + "." + name)
              + ", which is no tensor and could run code");
    }
    return new Global(known);
  }

  private void stackGlobal() {
    List<PickleValue> names = last(2);
    if (names.get(0) instanceof Text module && names.get(1) instanceof Text name) {
      push(global(module.value(), name.value()));
      return;
    }
    throw error("its pickle names something by what is no name");
  }

  /** ('storage', type, key, device, elements). */
  private Storage storage(PickleValue id) {
    if (id instanceof Tuple tuple
        && tuple.items().size() == 5
        && tuple.items().get(0) instanceof Text word
        && word.value().equals("storage")
        && tuple.items().get(1) instanceof Global global
        && global.name() instanceof PickleGlobal.Type type
        && tuple.items().get(2) instanceof Text key
        && tuple.items().get(4) instanceof Whole elements
        && elements.value() >= 0) {
      return new Storage(type.type(), key.value(), elements.value());
    }
    throw error("its pickle refers to something that is no storage");
  }

  private void reduce() {
    PickleValue arguments = pop();
    PickleValue callable = pop();
    if (!(callable instanceof Global global) || !(arguments instanceof Tuple tuple)) {
      throw error("its pickle calls what cannot be called");
    }
    List<PickleValue> given = tuple.items();
    push(
        switch (global.name()) {
          case PickleGlobal.OrderedDict dict -> orderedDict(given);
          case PickleGlobal.RebuildTensor tensor -> tensor(given);
          case PickleGlobal.RebuildParameter parameter -> parameter(given);
          case PickleGlobal.Type type -> throw error("its pickle calls a storage's type");
        });
  }

  private Dict orderedDict(List<PickleValue> given) {
    if (!given.isEmpty()) {
      throw error("its pickle fills an OrderedDict in a way that torch.save does not");
    }
    return new Dict();
  }

  private Tensor parameter(List<PickleValue> given) {
    if (!given.isEmpty() && given.getFirst() instanceof Tensor tensor) {
      return tensor;
    }
    throw error("its pickle makes a parameter of what is no tensor");
  }

  /** (storage, offset, shape, strides, requires_grad, hooks). */
  private Tensor tensor(List<PickleValue> given) {
    if (given.size() < 4
        || !(given.get(0) instanceof Storage storage)
        || !(given.get(1) instanceof Whole offset)
        || !(given.get(2) instanceof Tuple shape)
        || !(given.get(3) instanceof Tuple strides)
        || shape.items().size() != strides.items().size()) {
      throw error("its pickle makes a tensor of what is no storage, offset, shape and strides");
    }
    List<Long> sizes = new ArrayList<>();
    long elements = 1;
    for (int d = shape.items().size() - 1; d >= 0; d--) {
      if (!(shape.items().get(d) instanceof Whole size)
          || !(strides.items().get(d) instanceof Whole stride)
          || size.value() < 0) {
        throw error("its pickle has a tensor whose shape is no list of sizes");
      }
      if (size.value() > 1 && stride.value() != elements) {
        throw error("its pickle has a tensor that is not contiguous; save it after .contiguous()");
      }
      sizes.addFirst(size.value());
      long high = Math.multiplyHigh(elements, size.value());
      elements *= size.value();
      if (high != 0 || elements < 0) {
        throw error("its pickle has a tensor of more elements than there are numbers");
      }
    }
    if (offset.value() < 0
        || offset.value() > storage.elements()
        || elements > storage.elements() - offset.value()) {
      throw error(
          "its pickle has a tensor of "
              + elements
              + " elements from element "
              + offset.value()
              + " on, and storage "
              + Quoted.name(storage.key())
              + " has "
              + storage.elements());
    }
    return new Tensor(storage, offset.value(), sizes);
  }

  /** The state of an OrderedDict, the modules' versions, changes no tensor. */
  private void build() {
    List<PickleValue> both = last(2);
    if (!(both.get(0) instanceof Dict) || !(both.get(1) instanceof Dict)) {
      throw error("its pickle sets the state of something that is no dict");
    }
    push(both.get(0));
  }

  private void append(List<PickleValue> values) {
    if (!(top() instanceof Items list)) {
      throw error("its pickle appends to what is no list");
    }
    list.items().addAll(values);
  }

  private void put(List<PickleValue> pairs) {
    if (!(top() instanceof Dict dict) || pairs.size() % 2 != 0) {
      throw error("its pickle sets an item of what is no dict");
    }
    for (int i = 0; i < pairs.size(); i += 2) {
      if (!(pairs.get(i) instanceof Text key)) {
        throw error("its pickle has a dict with a key that is no string");
      }
      if (dict.items().put(key.value(), pairs.get(i + 1)) != null) {
        throw error("its pickle has " + Quoted.name(key.value()) + " twice");
      }
    }
  }

  private PickleValue remembered(long place) {
    PickleValue value = memo.get(place);
    if (value == null) {
      throw error("its pickle asks for place " + place + ", where it put nothing");
    }
    return value;
  }

  private void push(PickleValue value) {
    stack.add(value);
  }

  private PickleValue top() {
    if (stack.isEmpty() || stack.getLast() instanceof Mark) {
      throw error("its pickle takes more values than it has");
    }
    return stack.getLast();
  }

  private PickleValue pop() {
    PickleValue value = top();
    stack.removeLast();
    return value;
  }

  private List<PickleValue> last(int count) {
    List<PickleValue> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.addFirst(pop());
    }
    return values;
  }

  private List<PickleValue> toMark() {
    int mark = stack.size() - 1;
    while (mark >= 0 && !(stack.get(mark) instanceof Mark)) {
      mark--;
    }
    if (mark < 0) {
      throw error("its pickle takes more values than it has");
    }
    List<PickleValue> group = stack.subList(mark + 1, stack.size());
    List<PickleValue> values = new ArrayList<>(group);
    stack.subList(mark, stack.size()).clear();
    return values;
  }

  private NacelleException error(String what) {
    return TorchFile.error(file, what);
  }
}
