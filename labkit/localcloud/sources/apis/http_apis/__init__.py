"""HTTP APIs of API Gateway: routes, stages and deployments, and the requests they answer."""
