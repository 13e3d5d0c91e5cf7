package dev.nacelle.memory;

import java.util.EnumMap;
import java.util.Map;

/** Live and peak bytes, class by class, of everything the engine allocates. */
public final class Ledger {
  private static final class Account {
    long live;
    long peak;
    long atPeak;
    long atLapPeak;
  }

  private final Map<LedgerClass, Account> accounts = new EnumMap<>(LedgerClass.class);
  private long liveTotal;
  private long peakTotal;
  private long lapPeakTotal;
  private long tensors;

  public Ledger() {
    for (LedgerClass kind : LedgerClass.values()) {
      accounts.put(kind, new Account());
    }
  }

  private Account account(LedgerClass kind) {
    return java.util.Objects.requireNonNull(accounts.get(kind));
  }

  void book(LedgerClass kind, long bytes) {
    Account account = account(kind);
    account.live += bytes;
    account.peak = Math.max(account.peak, account.live);
    liveTotal += bytes;
    tensors++;
    if (liveTotal > peakTotal) {
      peakTotal = liveTotal;
      accounts.values().forEach(a -> a.atPeak = a.live);
    }
    if (liveTotal > lapPeakTotal) {
      lapPeakTotal = liveTotal;
      accounts.values().forEach(a -> a.atLapPeak = a.live);
    }
  }

  void unbook(LedgerClass kind, long bytes) {
    account(kind).live -= bytes;
    liveTotal -= bytes;
    tensors--;
  }

  /** Bytes held now. */
  public long live() {
    return liveTotal;
  }

  public long live(LedgerClass kind) {
    return account(kind).live;
  }

  /** The most bytes held at once since the last {@link #resetPeak}. */
  public long peak() {
    return peakTotal;
  }

  /** The most of one class, whenever that was. */
  public long peak(LedgerClass kind) {
    return account(kind).peak;
  }

  /** How the bytes were divided when the total was highest. */
  public Map<LedgerClass, Long> classesAtPeak() {
    Map<LedgerClass, Long> classes = new EnumMap<>(LedgerClass.class);
    accounts.forEach((kind, account) -> classes.put(kind, account.atPeak));
    return classes;
  }

  /** Begins a lap, one step say, whose own peak {@link #classesAtLapPeak} then tells. */
  public void startLap() {
    accounts.values().forEach(a -> a.atLapPeak = a.live);
    lapPeakTotal = liveTotal;
  }

  /** How the bytes were divided when the total was highest in this lap. */
  public Map<LedgerClass, Long> classesAtLapPeak() {
    Map<LedgerClass, Long> classes = new EnumMap<>(LedgerClass.class);
    accounts.forEach((kind, account) -> classes.put(kind, account.atLapPeak));
    return classes;
  }

  /** Tensors' storages that are not given back yet. */
  public long liveTensors() {
    return tensors;
  }

  /** Starts measuring peaks anew from what is live now. */
  public void resetPeak() {
    accounts.values().forEach(a -> a.peak = a.atPeak = a.live);
    peakTotal = liveTotal;
  }
}
