package dev.nacelle.resuming;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.train.FinetuneResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code NACELLE_FAULT} of every kind at many places: the run that goes on ends the same. */
final class FaultsTest {
  private static final int PLACES = 8;

  private static final Map<FaultInjector.Act, NacelleException.Kind> ENDS =
      new EnumMap<>(
          Map.of(
              FaultInjector.Act.ALLOC, NacelleException.Kind.BUDGET,
              FaultInjector.Act.SAVE, NacelleException.Kind.ENVIRONMENT,
              FaultInjector.Act.STEP, NacelleException.Kind.INTERNAL,
              FaultInjector.Act.READ, NacelleException.Kind.INPUT));

  @TempDir private Path folder;

  @Test
  void everyKindAtManyPlaces() throws IOException {
    long seed = Long.getLong("nacelle.seed", System.nanoTime());
    System.out.println("faults: seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    List<Path> data = Folders.data(folder.resolve("data"), 23);
    Job job = Job.forKills(data, 2).ofSteps(6);
    Path whole = folder.resolve("whole");
    FaultInjector counter = FaultInjector.none();
    FinetuneResult ignored = Job.run(job.options(whole, false), counter, e -> {}, null);
    int tried = 0;
    for (Map.Entry<FaultInjector.Act, NacelleException.Kind> end : ENDS.entrySet()) {
      long most = counter.count(end.getKey());
      assertTrue(most >= 6, end.getKey() + ": " + most + " acts");
      TreeSet<Long> places = new TreeSet<>(List.of(1L, most));
      while (places.size() < Math.min(PLACES, most)) {
        places.add(1 + random.nextLong(most));
      }
      for (long n : places) {
        fail(job, whole, end.getKey().name().toLowerCase(java.util.Locale.ROOT) + ":" + n, end);
        tried++;
      }
    }
    System.out.println("faults: " + tried + " places, all resumed to equal bytes");
    assertTrue(tried >= 30, "tried " + tried);
  }

  private void fail(
      Job job, Path whole, String fault, Map.Entry<FaultInjector.Act, NacelleException.Kind> end)
      throws IOException {
    Path out = folder.resolve(fault.replace(':', '-'));
    long buffers = NativeMemory.liveBuffers();
    NacelleException.Kind kind = null;
    try {
      FinetuneResult ignored =
          Job.run(job.options(out, false), FaultInjector.parse(fault), e -> {}, null);
    } catch (NacelleException e) {
      kind = e.kind();
    }
    assertEquals(end.getValue(), kind, fault);
    assertEquals(buffers, NativeMemory.liveBuffers(), fault + ": native buffers");
    Folders.assertNoLeftovers(out);
    job.run(out, true);
    Folders.assertSame(whole, out, fault);
  }
}
