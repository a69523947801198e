/** The address alone, and its user and password as the header they stand for. */
export function withoutCredentials(url: string): {
  address: URL
  authorization: Readonly<Record<string, string>>
} {
  const address = new URL(url)
  const { username, password } = address
  if (username === '' && password === '') return { address, authorization: {} }
  address.username = address.password = ''
  const pair = `${decoded(username)}:${decoded(password)}`
  return {
    address,
    authorization: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
  }
}

/** What an address writes as `%40`; as it is where it only looks as if it did. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
