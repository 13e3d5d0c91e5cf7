package dev.nacelle.planning;

/** Counts the walks of a plan: they are what planning takes its time for. */
final class Walks {
  private int walks;
  private int blocks;

  void add(int layers) {
    walks++;
    blocks += layers;
  }

  MemoryPlan.Effort effort(double seconds) {
    return new MemoryPlan.Effort(seconds, walks, blocks);
  }
}
