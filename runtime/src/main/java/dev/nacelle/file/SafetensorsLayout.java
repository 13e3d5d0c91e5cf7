package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;

/** The tensors of a safetensors file tile its data exactly: no hole, no overlap, nothing after. */
final class SafetensorsLayout {
  private SafetensorsLayout() {}

  static void check(Path file, Map<String, TensorEntry> entries, long dataStart, long dataBytes) {
    TensorEntry[] order = entries.values().toArray(new TensorEntry[0]);
    // A tensor of no bytes lies before the one that begins at the same place.
    Arrays.sort(
        order, Comparator.comparingLong(TensorEntry::offset).thenComparingLong(TensorEntry::bytes));
    long end = dataStart;
    for (TensorEntry entry : order) {
      if (entry.offset() > end) {
        throw NacelleException.input(
            Quoted.path(file)
                + ": bytes "
                + end
                + " to "
                + entry.offset()
                + " belong to no tensor (a hole before "
                + Quoted.name(entry.name())
                + ")",
            "the format allows no holes; write the file again");
      }
      if (entry.offset() < end) {
        throw NacelleException.input(
            Quoted.path(file)
                + ": tensor "
                + Quoted.name(entry.name())
                + " begins at byte "
                + entry.offset()
                + ", inside the one before it, which ends at "
                + end,
            "the format allows no overlap; write the file again");
      }
      end = entry.offset() + entry.bytes();
    }
    if (end != dataStart + dataBytes) {
      throw NacelleException.input(
          Quoted.path(file)
              + ": "
              + (dataStart + dataBytes - end)
              + " bytes follow the last tensor"
              + " from byte "
              + end
              + " on",
          "the format allows nothing after the last tensor; write the file again");
    }
  }
}
