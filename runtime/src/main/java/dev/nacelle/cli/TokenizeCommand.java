package dev.nacelle.cli;

import picocli.CommandLine.Command;

@Command(name = "tokenize")
final class TokenizeCommand {}
