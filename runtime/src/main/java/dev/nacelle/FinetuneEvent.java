package dev.nacelle;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What happens during a fine-tuning, told on the thread that runs it. Later versions may have
 * further kinds: a switch over them keeps a default.
 */
public sealed interface FinetuneEvent {
  /** Something a person should read once. */
  record Note(String text) implements FinetuneEvent {}

  /**
   * A long preparation or an evaluation goes on.
   *
   * @param what {@code reading} (bytes), {@code counting topics} (texts), {@code tokenising} or
   *     {@code evaluating} (records)
   * @param done of {@code total}
   */
  record Preparing(String what, long done, long total) implements FinetuneEvent {}

  /**
   * The data said how many heads a HydraLoRA adapter gets.
   *
   * @param heads the elbow of the curve
   * @param squaredDistances of the texts to the nearest of 1, 2, … centres; empty where a run that
   *     goes on knows its choice alone
   * @param remembered whether the choice is an earlier process's of this run
   */
  record HeadsChosen(int heads, List<Double> squaredDistances, boolean remembered)
      implements FinetuneEvent {}

  /**
   * Training begins.
   *
   * @param totalSteps optimiser steps that are planned
   * @param trainable elements of the adapter
   * @param modules linear layers that it sits on
   */
  record Started(long totalSteps, long trainable, int modules) implements FinetuneEvent {}

  /**
   * A step is done.
   *
   * @param step counts from 1
   * @param loss mean over the step's target tokens, in nats
   * @param tokens real tokens
   * @param targetTokens tokens with a loss
   * @param learningRate of every A
   * @param gradientNorm before clipping
   * @param seconds the step took
   * @param bytes held by the ledger after it
   * @param peakBytes the most that the ledger held since the run began
   * @param evaluationLoss where an evaluation followed it
   */
  record Stepped(
      long step,
      double loss,
      long tokens,
      long targetTokens,
      double learningRate,
      double gradientNorm,
      double seconds,
      long bytes,
      long peakBytes,
      OptionalDouble evaluationLoss)
      implements FinetuneEvent {}

  /**
   * An evaluation is done.
   *
   * @param step after which it was; 0 is before the first one
   * @param loss mean over the held-out target tokens, in nats
   */
  record Evaluated(long step, double loss, long targetTokens) implements FinetuneEvent {}

  /**
   * A sample prompt was answered.
   *
   * @param step after how many steps; 0 is before the first one
   */
  record Sampled(long step, String prompt, String answer) implements FinetuneEvent {}

  /** The run goes on from a checkpoint; {@code step} is the last one in it. */
  record Resumed(long step, Path checkpoint) implements FinetuneEvent {}

  /** A checkpoint is on disk; {@code step} is the last one in it. */
  record Checkpointed(long step, Path folder) implements FinetuneEvent {}

  /** The adapter is on disk. */
  record Saved(Path folder) implements FinetuneEvent {}
}
