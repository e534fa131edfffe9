"""What others watch the hub with, written from its own declarations: Prometheus' rules and Grafana's dashboards."""
