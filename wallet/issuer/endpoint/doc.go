package endpoint
