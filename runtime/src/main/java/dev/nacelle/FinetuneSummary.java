package dev.nacelle;

import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What a fine-tuning came to.
 *
 * @param adapter the folder that holds adapter_config.json and adapter_model.safetensors
 * @param steps optimiser steps that were taken
 * @param loss of the last step, mean over its target tokens, in nats
 * @param evaluationLossBefore held-out loss before the first step, where there was held-out data
 * @param evaluationLoss held-out loss after the last step, where there was held-out data
 * @param tokens real tokens of all steps
 * @param trainSeconds the steps took, evaluations included
 * @param totalSeconds from opening the model to the saved adapter
 * @param peakBytes the most that the run's ledger held at once
 * @param peakClasses how {@code peakBytes} were divided: parameters, gradients, optimizer,
 *     activations, workspace
 */
public record FinetuneSummary(
    Path adapter,
    long steps,
    double loss,
    OptionalDouble evaluationLossBefore,
    OptionalDouble evaluationLoss,
    long tokens,
    double trainSeconds,
    double totalSeconds,
    long peakBytes,
    Map<String, Long> peakClasses) {
  public FinetuneSummary {
    peakClasses = Map.copyOf(peakClasses);
  }
}
