package dev.nacelle.report;

import java.util.Map;

/**
 * What a run was asked with, for its report.
 *
 * @param version ours
 * @param command what repeats the run, as a shell reads it
 * @param flags every flag with its value, in the order of the help
 */
public record RunIdentity(String version, String command, Map<String, String> flags) {}
