def handler(event, context):
    numbers = range(2, event["up_to"])
    return {"primes": sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in numbers)}
