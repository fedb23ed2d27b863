// SPDX-License-Identifier: Apache-2.0

// The collector's own probabilistic_sampler, in its mode `proportional`, asked about single spans.
// `sampler PERCENT` reads a trace id and, if there is one, a trace state from each line of its input, and writes the
// trace ids of the spans that pass.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/probabilisticsamplerprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

func read(lines *bufio.Scanner) (ptrace.Traces, error) {
	traces := ptrace.NewTraces()
	spans := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for lines.Scan() {
		text, state, _ := strings.Cut(lines.Text(), " ")
		var id [16]byte
		if _, err := hex.Decode(id[:], []byte(text)); err != nil {
			return traces, err
		}
		span := spans.AppendEmpty()
		span.SetTraceID(pcommon.TraceID(id))
		span.TraceState().FromRaw(state)
	}
	return traces, lines.Err()
}

func passed(traces ptrace.Traces) {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, resource := range traces.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				fmt.Fprintln(out, span.TraceID())
			}
		}
	}
}

func run() error {
	percent, err := strconv.ParseFloat(os.Args[1], 32)
	if err != nil {
		return err
	}
	factory := probabilisticsamplerprocessor.NewFactory()
	config := factory.CreateDefaultConfig().(*probabilisticsamplerprocessor.Config)
	config.SamplingPercentage, config.Mode = float32(percent), probabilisticsamplerprocessor.Proportional
	settings := processor.Settings{
		ID: component.NewID(factory.Type()),
		TelemetrySettings: component.TelemetrySettings{
			Logger: zap.NewNop(), MeterProvider: noop.NewMeterProvider(), TracerProvider: nooptrace.NewTracerProvider(),
		},
	}
	sink, err := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error {
		passed(traces)
		return nil
	})
	if err != nil {
		return err
	}
	sampler, err := factory.CreateTraces(context.Background(), settings, config, sink)
	if err != nil {
		return err
	}
	traces, err := read(bufio.NewScanner(os.Stdin))
	if err != nil {
		return err
	}
	return sampler.ConsumeTraces(context.Background(), traces)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
