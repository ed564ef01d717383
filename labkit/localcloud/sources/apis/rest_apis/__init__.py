"""REST APIs of API Gateway: resources, methods and deployments, and the requests they answer."""
