package dev.nacelle.file;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What may lie on the stack of the unpickler: plain data, storages and tensors, nothing callable.
 */
sealed interface PickleValue {
  /** Where a group of values begins. */
  record Mark() implements PickleValue {}

  record None() implements PickleValue {}

  record Bool(boolean value) implements PickleValue {}

  record Whole(long value) implements PickleValue {}

  record Text(String value) implements PickleValue {}

  record Tuple(List<PickleValue> items) implements PickleValue {
    public Tuple {
      items = List.copyOf(items);
    }
  }

  /** A list, which the pickle may fill after it was made. */
  record Items(List<PickleValue> items) implements PickleValue {
    Items() {
      this(new ArrayList<>());
    }
  }

  /** A dict or OrderedDict, whose keys are strings. */
  record Dict(Map<String, PickleValue> items) implements PickleValue {
    Dict() {
      this(new LinkedHashMap<>());
    }
  }

  /** One of the few names that a pickle of tensors needs. */
  record Global(PickleGlobal name) implements PickleValue {}

  /** The bytes of one member of the zip, as elements. */
  record Storage(PickleStorage type, String key, long elements) implements PickleValue {}

  /** A contiguous tensor in a storage. */
  record Tensor(Storage storage, long offset, List<Long> shape) implements PickleValue {
    public Tensor {
      shape = List.copyOf(shape);
    }
  }
}
