/** Ports on the loopback address. */
export interface StackPorts {
  readonly grafana: number
  readonly prometheus: number
  readonly alertmanager: number
  readonly loki: number
  readonly lokiGrpc: number
  readonly otlpGrpc: number
  readonly otlpHttp: number
  readonly collectorHealth: number
  readonly collectorMetrics: number
  readonly medoscope: number
  readonly faults: number
}

/** What the compose file publishes. */
export const USUAL_PORTS: StackPorts = {
  grafana: 3000,
  prometheus: 9090,
  alertmanager: 9093,
  loki: 3100,
  lokiGrpc: 9096,
  otlpGrpc: 4317,
  otlpHttp: 4318,
  collectorHealth: 13133,
  collectorMetrics: 8888,
  medoscope: 9464,
  faults: 8089,
}
